// An engine without a model: every text and number comes from a hash of its request and of the adapter that is set, so
// that an answer depends on exactly what a real one depends on. Training hashes its examples, step by step, and keeps a
// checkpoint as a real trainer does.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type {
  CallOptions,
  EmbedRequest,
  EmbedResult,
  GenerateRequest,
  MemoryForecast,
  MemorySettings,
  OpenTurn,
  Prompt,
  ScoreRequest,
  ScoreResult,
  TrainEvent,
  TrainJob,
  TrainSummary,
} from '../../src/engine/engine.js';
import type {
  EngineChoices,
  EngineFactory,
  ExampleTokenizer,
  OpenTrainer,
  SwitchableModel,
} from '../../src/engine/engine-factory.js';
import type { ComparedScore, MergeJob, MergeReport } from '../../src/engine/merge.js';
import { StepPlan } from '../../src/engine/step-plan.js';
import { IsheepError } from '../../src/shared/errors.js';
import type { Completion } from '../../src/shared/rows.js';
import { fakeSentence, fakeTasks, isTaskList } from './fake-text.js';

export interface FakeEngineOptions {
  /** Called before each call of the engine, with its name; may throw, abort a signal or end the process. */
  onCall?: (call: 'generate' | 'score' | 'embed' | 'step' | 'merge') => void;
  /** Milliseconds that each call takes, so that a process can be killed in the middle. */
  delayMs?: number;
  /** The text of a response; default: invented words. */
  respond?: (request: GenerateRequest) => string;
  /** Bytes that training takes; a limit below them is an error. Default: 900 million. */
  trainingBytes?: number;
  /** Which weights a training copies where that is left to the memory; default: all. */
  copies?: 'all' | 'none';
  /** What loss the adapter of an iteration has, as a factor of the base's; default: 0.9. */
  lossFactor?: number;
}

/** What the engine was asked, for tests that count. */
export interface FakeEngineLog {
  opened: string[];
  choices: (EngineChoices | undefined)[];
}

export function fakeEngine(options: FakeEngineOptions = {}): EngineFactory & { log: FakeEngineLog } {
  const log: FakeEngineLog = { opened: [], choices: [] };
  return {
    log,
    check: () => Promise.resolve(),
    choose: (recorded) => {
      log.choices.push(recorded);
      return Promise.resolve(recorded ?? { threads: 2, device: 'fake' });
    },
    openModel: () => {
      log.opened.push('model');
      return Promise.resolve(new FakeModel(options));
    },
    forecastTraining: (_choices, settings) => {
      log.opened.push('forecast');
      return forecastTraining(options.trainingBytes ?? 9e8, settings);
    },
    openTokenizer: () => Promise.resolve(fakeTokenizer),
    merge: async (_choices, job) => {
      log.opened.push('merge');
      await begin(options, 'merge', job.signal === undefined ? {} : { signal: job.signal });
      return fakeMerge(job);
    },
    mergedBytes: () => fakeMergedBytes,
    compareMerged: (_choices, { pairs }) => Promise.resolve(pairs.map(({ id, response }) => fakeScore(id, response))),
    openTrainer: () => {
      log.opened.push('trainer');
      return Promise.resolve(new FakeTrainer(options));
    },
  };
}

/** As a real engine: weights that the settings name are copied, and what does not fit is an error. */
function forecastTraining(
  total: number,
  { maxLength, memory, copiedWeights }: MemorySettings,
): Promise<MemoryForecast> {
  if (memory !== undefined && memory * 2 ** 20 < total) {
    const message = `training on samples of up to ${maxLength} tokens needs more`;
    return Promise.reject(
      new IsheepError('not-enough-memory', message, { hint: 'the longest that fits has 16 tokens' }),
    );
  }
  const parts = { process: 1e8, mapped: 1e8, copies: 2e8, adapter: 1e8, activations: total - 6e8, graphs: 1e8 };
  return Promise.resolve({
    ...parts,
    copying: 0,
    copiedWeights: copiedWeights === 'auto' ? 'all' : copiedWeights,
    total,
  });
}

export const fakeMergedBytes = 1e6;

/** The model is a file that says what it was made of. */
function fakeMerge({ adapters, outPath, type, baseSha256, chatTemplate, onProgress }: MergeJob): MergeReport {
  const text = JSON.stringify({ adapters: adapters.map(({ sha256, scale }) => [sha256, scale]), type, baseSha256 });
  writeFileSync(outPath, chatTemplate === undefined ? text : `${text}${chatTemplate}`);
  onProgress?.({ done: 4, total: 4 });
  const counts = { tensors: 4, merged: 2, fellBack: 0, bytes: text.length };
  return { ...counts, survived: 0.97, noise: 0.5, worstTensor: 'blk.0.attn_q.weight', worstSurvived: 0.9 };
}

function fakeScore(id: string, response: string): ComparedScore {
  const tokens = Math.max(1, response.split(' ').length);
  return {
    id,
    tokens,
    divergence: 0.01 * tokens,
    loss: { base: 2 * tokens, adapter: 1.8 * tokens, merged: 1.81 * tokens },
  };
}

/** A token a character; 0 ends a turn. */
const fakeTokenizer: ExampleTokenizer = {
  exampleTokens: ({ messages, response }) => {
    const context = messages.map(({ content }) => `${content}\n`).join('');
    return { tokens: [...Buffer.from(context + response), 0], context: context.length };
  },
  pieces: (tokens) => Array.from(tokens, (token) => (token === 0 ? '<end>' : String.fromCharCode(token))),
  dispose: () => Promise.resolve(),
};

class FakeModel implements SwitchableModel {
  readonly hasChatTemplate = true;
  private adapter = '';

  constructor(private readonly options: FakeEngineOptions) {}

  setAdapter(file: string | null): Promise<void> {
    this.adapter = file === null ? '' : readFileSync(file, 'utf8');
    return Promise.resolve();
  }

  async generate(requests: readonly GenerateRequest[], call: CallOptions = {}): Promise<Completion[]> {
    await begin(this.options, 'generate', call);
    const completions = requests.map((request) => this.complete(request));
    call.onProgress?.({ done: requests.length, tokens: completions.reduce((sum, { tokens }) => sum + tokens, 0) });
    return completions;
  }

  async score(requests: readonly ScoreRequest[], call: CallOptions = {}): Promise<ScoreResult[]> {
    await begin(this.options, 'score', call);
    call.onProgress?.({ done: requests.length, tokens: 0 });
    return requests.map(({ id, prompt, continuation, next = [] }) => {
      const factor = this.adapter === '' ? 1 : (this.options.lossFactor ?? 0.9);
      const tokens = Math.max(1, continuation.split(' ').length);
      const perToken = -(1 + hashNumber(flat(prompt), continuation)) * factor;
      return {
        id,
        logprob: continuation === '' ? 0 : perToken * tokens,
        tokens: continuation === '' ? 0 : tokens,
        endLogprob: -(1 + hashNumber(flat(prompt), continuation, 'end')) * factor,
        nextLogprobs: next.map((text) => Math.log(0.01 + hashNumber(flat(prompt), continuation, text) / 20)),
      };
    });
  }

  async embed(requests: readonly EmbedRequest[], call: CallOptions = {}): Promise<EmbedResult[]> {
    await begin(this.options, 'embed', call);
    call.onProgress?.({ done: requests.length, tokens: 0 });
    return requests.map(({ id, prompt }) => {
      const numbers = Array.from({ length: 8 }, (_, i) => hashNumber(flat(prompt), this.adapter, String(i)));
      const length = Math.hypot(...numbers);
      return { id, vector: Float32Array.from(numbers, (value) => value / length), cutTokens: 0 };
    });
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  private complete(request: GenerateRequest): Completion {
    const seed = Math.floor(hashNumber(flat(request.prompt), String(request.seed), this.adapter) * 2 ** 32);
    const { prompt } = request;
    const isList = 'text' in prompt && isTaskList(prompt.text);
    const text = isList ? fakeTasks(prompt.text, seed) : this.respond(request, seed);
    const tokens = text.split(' ').length;
    const logprob = -seed / 2 ** 28;
    const stop =
      (request.stopAtRepetition ?? 0) > 0 && text.slice(0, -40).includes(text.slice(-40)) ? 'repetition' : 'end';
    return { id: request.id, text, tokens, stop, logprob, written: { logprob, tokens, end: -seed / 2 ** 31 } };
  }

  private respond(request: GenerateRequest, seed: number): string {
    return this.options.respond?.(request) ?? fakeSentence(seed, 5 + (seed % 12));
  }
}

interface Checkpoint {
  step: number;
  state: string;
}

class FakeTrainer implements OpenTrainer {
  constructor(private readonly options: FakeEngineOptions) {}

  async *train(job: TrainJob): AsyncGenerator<TrainEvent, TrainSummary> {
    const { examples, heldOut, adapterPath, checkpointDir, metadata, initAdapterPath } = job;
    const copiedWeights =
      job.settings.copiedWeights === 'auto' ? (this.options.copies ?? 'all') : job.settings.copiedWeights;
    const settings = { ...job.settings, copiedWeights };
    const lengths = examples.map(({ response }) => response.length);
    const steps = new StepPlan(lengths, settings).total;
    const checkpointFile = checkpointDir === undefined ? undefined : path.join(checkpointDir, 'checkpoint.json');
    const init = initAdapterPath === undefined ? '' : readFileSync(initAdapterPath, 'utf8');
    let { step, state } = readCheckpoint(checkpointFile, JSON.stringify([settings, examples, init]));
    const lossTokens = examples.reduce((sum, { response }) => sum + response.length, 0);
    const counts = { samples: examples.length, tooLong: 0, cut: 0, cutTokens: 0, tokens: lossTokens * 2, lossTokens };
    const memory = await forecastTraining(this.options.trainingBytes ?? 9e8, settings);
    yield { kind: 'samples', steps, training: counts, heldOut: { ...counts, samples: heldOut.length }, memory };
    if (heldOut.length > 0) yield { kind: 'held-out', step: 0, held_out_loss: 2, held_out_tokens: heldOut.length };
    while (step < steps) {
      await begin(this.options, 'step', job.signal === undefined ? {} : { signal: job.signal });
      step += 1;
      state = createHash('sha256').update(`${state}${step}`).digest('hex');
      if (checkpointFile !== undefined) {
        mkdirSync(path.dirname(checkpointFile), { recursive: true });
        writeFileSync(checkpointFile, JSON.stringify({ step, state }));
      }
      const loss = 2 + 1 / step;
      yield {
        kind: 'step',
        of: steps,
        step,
        epoch: 1,
        loss,
        lr: 1e-4,
        grad_norm: 1,
        tokens: 10,
        loss_tokens: 5,
        seconds: 0.01,
      };
    }
    mkdirSync(path.dirname(adapterPath), { recursive: true });
    writeFileSync(adapterPath, JSON.stringify({ state, metadata }));
    const losses = heldOut.length > 0 ? { heldOutLossBase: 2, heldOutLossAdapter: 1.8 } : noLosses;
    return { ...counts, steps, plannedSteps: steps, adapterStep: steps, ...losses };
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

const noLosses = { heldOutLossBase: null, heldOutLossAdapter: null };

function readCheckpoint(file: string | undefined, fresh: string): Checkpoint {
  if (file === undefined || !existsSync(file)) return { step: 0, state: fresh };
  return JSON.parse(readFileSync(file, 'utf8')) as Checkpoint;
}

async function begin(
  options: FakeEngineOptions,
  call: 'generate' | 'score' | 'embed' | 'step' | 'merge',
  { signal }: CallOptions,
): Promise<void> {
  options.onCall?.(call);
  // A real engine works on another thread; let signals and timers come in.
  await sleep(options.delayMs ?? 0);
  if (signal?.aborted === true) throw new IsheepError('interrupted', 'the call was cancelled');
}

function flat(prompt: Prompt | OpenTurn): string {
  if ('turn' in prompt) return prompt.turn;
  return 'text' in prompt ? prompt.text : JSON.stringify(prompt.messages);
}

/** A number of 0 to 1 from the hash of texts. */
function hashNumber(...texts: readonly string[]): number {
  return createHash('sha256').update(JSON.stringify(texts)).digest().readUInt32LE(0) / 2 ** 32;
}
