// Stage synthesize: a person's own instructions, where there are any, and then the model writes new ones: from demonstrations
// (plan-requests.ts, prompts.ts, parse-tasks.ts), on passages of documents (document-*.ts, parse-document-tasks.ts), or as a
// user's turn (turn-requests.ts). Which candidates are good is the screen's business (stages/filter), handed in.
import type { Config } from '../../config/schema.js';
import { type CallOptions, type Generated, isFailed, type LanguageModel } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import type { Candidate, Completion, SeedTask, StopReason, Verdict } from '../../shared/rows.js';
import { isCutOff } from '../../shared/stop-reason.js';
import { addCount, countRejections, isKept, sortCounts } from '../../shared/verdicts.js';
import type { SeedMeasures } from './demonstrations.js';
import { planDocumentPrompt } from './document-requests.js';
import type { Passage } from './load-documents.js';
import { afterTarget, ownCandidates, type OwnInput } from './own-candidates.js';
import { parseDocumentTasks } from './parse-document-tasks.js';
import { type ParsedTask, type ParsedTasks, parseTasks } from './parse-tasks.js';
import { type AskedRequest, drawable, planPrompts, textsOfPrompt } from './plan-requests.js';
import type { Topic } from './topics.js';
import { planTurnPrompt, readTurn } from './turn-requests.js';

/** Judges candidates one after the other and remembers the accepted ones; stages/filter's createScreen makes one. */
export interface CandidateScreen {
  judge(candidate: { instruction: string; input: string }): Verdict[];
  /** Tells of a candidate that was accepted earlier, without judging it again. */
  remember(candidate: { instruction: string; input: string }): void;
}

export interface SynthesizeInput extends CallOptions {
  seeds: readonly SeedTask[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  /** Distinct instructions wanted. */
  target: number;
  settings: Config['synthesize'];
  quirks: Config['quirks'];
  /** What the model makes of the seeds (measure-seeds.ts), where demonstrations go by it. */
  measures?: SeedMeasures | undefined;
  /** The plan that `settings.topics` names. */
  topics?: readonly Topic[] | undefined;
  /** A fresh one; the stage tells it of the candidates kept in `earlier`. */
  screen: CandidateScreen;
  /** A person's own instructions. They are chunk 0, which asks the model for nothing, and count towards the target. */
  own?: OwnInput;
  /** What settings.method "documents" draws from. */
  passages?: readonly Passage[];
  /** The chunks that are already done, in order; the stage goes on after them. */
  earlier: readonly EarlierChunk[];
}

export type EarlierChunk = Pick<SynthesizeChunk, 'requests' | 'candidates' | 'unparsed'>;

/** One prompt and what the model wrote. */
export interface SynthesizeRequest {
  /** s-<iteration>-<number>, counted from 1. */
  id: string;
  /** Ids of the seeds shown, in order. */
  demonstrations: string[];
  /** What the first task was to be about, where there is a plan. */
  topic?: string;
  /** Where it shows one: what the tasks are about. */
  passage?: Pick<Passage, 'file' | 'number'>;
  prompt: string;
  /** The request's random stream. */
  seed: number;
  text: string;
  stop: StopReason;
  tokens: number;
  /** Why there is no text, where the engine failed at it. */
  error?: string;
}

export interface SynthesizeChunk {
  /** Counted from 0. */
  index: number;
  requests: SynthesizeRequest[];
  /** Every task that could be parsed, with verdicts; ids c-<iteration>-<number>, counted from 1. */
  candidates: Candidate[];
  /** How many pieces of text were not a task, by reason. */
  unparsed: Record<string, number>;
}

/** Requests after which a yield below `minYield` ends the stage: enough to tell a poor model from bad luck. */
const patience = 64;
/** Kept instructions a request that is hoped for before there is any experience. */
const hopedYield = 2;

/** Yields chunks until `target` candidates are kept, or with settings.method "none" the one chunk of a person's own; those
 *  after the target are rejected as such. Throws `nothing-usable` where the kept a request stay below `minYield` or a
 *  person's own are all rejected and there are no others, and `bad-config` for a chat with a model that has no chat template. */
export async function* synthesize(input: SynthesizeInput, model: LanguageModel): AsyncGenerator<SynthesizeChunk, void> {
  refuseImpossible(input, model);
  const chunks: EarlierChunk[] = [...input.earlier];
  const progress = replay(input);
  if (chunks.length === 0 && input.own !== undefined) {
    const chunk = ownChunk(input, input.own, progress);
    chunks.push(chunk);
    yield chunk;
  }
  if (input.settings.method === 'none') {
    if (progress.kept === 0) throw noOwnKept(chunks);
    return;
  }
  while (progress.kept < input.target) {
    giveUpIfFruitless(input, chunks);
    const count = countRequests(input, progress);
    const asked = planChunk(input, chunks, progress.requests, count);
    const completions = await model.generate(
      asked.map((request) => ({ ...request.generate, stopAtRepetition: input.settings.stopAtRepetition })),
      input,
    );
    const chunk = readChunk(input, progress, chunks.length, asked, completions);
    chunks.push(chunk);
    yield chunk;
  }
}

/** At least `count` requests, numbered on from the `before` ones: all texts of a prompt belong to one chunk. */
function planChunk(
  input: SynthesizeInput,
  chunks: readonly EarlierChunk[],
  before: number,
  count: number,
): AskedRequest[] {
  const { method, textsPerPrompt } = input.settings;
  const promptsBefore = before / textsPerPrompt;
  const wanted = Math.ceil(count / textsPerPrompt);
  const plan = method === 'turn' ? planTurnPrompt : planDocumentPrompt;
  const prompts =
    method === 'documents' || method === 'turn'
      ? Array.from({ length: wanted }, (_, i) => plan(input, promptsBefore + i + 1))
      : planPrompts(input, chunks, wanted);
  return prompts.flatMap((prompt, i) => textsOfPrompt(input, prompt, promptsBefore + i + 1));
}

/** What the chunks so far amount to; everything a further chunk depends on, beside the input. */
interface Progress {
  requests: number;
  candidates: number;
  kept: number;
  /** Of the kept ones, those that a request wrote. */
  written: number;
}

function refuseImpossible(input: SynthesizeInput, model: LanguageModel): void {
  const { form, method } = input.settings;
  const setting = method === 'turn' ? 'method is "turn"' : form === 'chat' ? 'form is "chat"' : undefined;
  if (setting !== undefined && !model.hasChatTemplate) {
    throw new IsheepError('bad-config', `synthesize.${setting} and the model has no chat template`, {
      hint: 'let it write a list in plain text from seeds, or give a template with --chat-template NAME|FILE',
    });
  }
  refuseNoOutputs(input.seeds, input.settings);
}

/** Throws `bad-config` where outputs are to be shown and no seed has one. */
export function refuseNoOutputs(seeds: readonly SeedTask[], settings: Config['synthesize']): void {
  if (drawable({ seeds, settings }).length > 0) return;
  throw new IsheepError('bad-config', `synthesize.showOutputs: none of the ${seeds.length} seed tasks has an output`, {
    hint: 'give seed tasks with outputs, or leave synthesize.showOutputs out',
  });
}

function replay({ earlier, screen }: SynthesizeInput): Progress {
  const candidates = earlier.flatMap((chunk) => chunk.candidates);
  const kept = candidates.filter(isKept);
  for (const candidate of kept) screen.remember(candidate);
  const requests = earlier.reduce((sum, chunk) => sum + chunk.requests.length, 0);
  const written = kept.filter(({ source }) => source?.request !== undefined).length;
  return { requests, candidates: candidates.length, kept: kept.length, written };
}

function ownChunk(input: SynthesizeInput, own: OwnInput, progress: Progress): SynthesizeChunk {
  const candidates = ownCandidates(own, input.iteration, input.target);
  const kept = candidates.filter(isKept);
  for (const candidate of kept) input.screen.remember(candidate);
  progress.candidates += candidates.length;
  progress.kept += kept.length;
  return { index: 0, requests: [], candidates, unparsed: {} };
}

/** As many requests as the yield so far calls for, a chunk at most. */
function countRequests({ target, settings }: SynthesizeInput, progress: Progress): number {
  const keptPerRequest = progress.requests === 0 ? hopedYield : progress.written / progress.requests;
  const wanted = Math.ceil((target - progress.kept) / Math.max(keptPerRequest, 1e-9));
  return Math.min(settings.chunk, wanted);
}

function readChunk(
  input: SynthesizeInput,
  progress: Progress,
  index: number,
  asked: readonly AskedRequest[],
  completions: readonly Generated[],
): SynthesizeChunk {
  const chunk: SynthesizeChunk = { index, requests: [], candidates: [], unparsed: {} };
  asked.forEach((request, i) => {
    const { generate, prompt, demonstrations, topic } = request;
    const { id, seed } = generate;
    const { text, stop, tokens, error } = completionOf(completions, i, id);
    const failed = error === undefined ? {} : { error };
    const passage = passageName(request);
    const about = { ...passage, ...(topic !== undefined && { topic }) };
    chunk.requests.push({ id, demonstrations, ...about, prompt: prompt.text, seed, text, stop, tokens, ...failed });
    if (error !== undefined) {
      addCount(chunk.unparsed, 'request-failed');
      return;
    }
    const { tasks, unparsed } = readTasks(input, request, text, stop);
    for (const reason of unparsed) addCount(chunk.unparsed, reason);
    for (const task of tasks.slice(0, input.settings.maxTasks)) {
      const { number, topic: ownTopic, instruction, input: taskInput, judged } = task;
      progress.candidates += 1;
      const verdicts =
        progress.kept < input.target ? input.screen.judge({ instruction, input: judged }) : [afterTarget];
      const id = `c-${input.iteration}-${progress.candidates}`;
      const source = { request: generate.id, number, ...passage, ...(ownTopic !== undefined && { topic: ownTopic }) };
      chunk.candidates.push({ id, instruction, input: taskInput, verdicts, source });
      if (!isKept({ verdicts })) continue;
      progress.kept += 1;
      progress.written += 1;
    }
  });
  progress.requests += asked.length;
  return chunk;
}

/** `judged`: what stands for the input before the screen, whose rules are about what a model writes. A passage is a person's
 *  own text, and may well hold a web address; that there is an input is all that counts. No instruction has a line end. */
const judgedPassage = 'a\npassage';

type ReadTask = ParsedTask & { judged: string };

function readTasks(
  input: SynthesizeInput,
  { prompt, passage, generate }: AskedRequest,
  text: string,
  stop: StopReason,
): { tasks: ReadTask[]; unparsed: readonly string[] } {
  const written = prompt.opening + text;
  if (passage === undefined) {
    const { tasks, unparsed } = 'turn' in generate.prompt ? readTurn(written, stop) : readList(input, written, stop);
    return { tasks: tasks.map((task) => ({ ...task, judged: task.input })), unparsed };
  }
  const { tasks, unparsed } = parseDocumentTasks(written, passage.text, !isCutOff(stop));
  return { tasks: tasks.map((task) => ({ ...task, input: passage.text, judged: judgedPassage })), unparsed };
}

function readList({ settings, quirks, topics }: SynthesizeInput, list: string, stop: StopReason): ParsedTasks {
  // Where "17" ends a text, the header of task 17 has lost its number: what stands before it is whole. Anywhere else the
  // text was cut.
  const heading = /\n[^\S\n]*Task $/;
  const isCut = isCutOff(stop) || (quirks.stop17 && stop === 'string' && !heading.test(list));
  return parseTasks(quirks.stop17 ? list.replace(heading, '') : list, {
    complete: !isCut,
    hasOutputs: settings.showOutputs,
    hasTopics: topics !== undefined,
    dropLast: quirks.dropLastTask,
  });
}

function passageName({ passage }: AskedRequest): { passage?: { file: string; number: number } } {
  return passage === undefined ? {} : { passage: { file: passage.file, number: passage.number } };
}

function completionOf(
  completions: readonly Generated[],
  index: number,
  id: string,
): Pick<Completion, 'text' | 'stop' | 'tokens'> & { error?: string } {
  const completion = completions[index];
  if (completion?.id !== id) throw new Error(`the engine returned no completion for request ${id}`);
  return isFailed(completion) ? { text: '', stop: 'length', tokens: 0, error: completion.error.message } : completion;
}

/** Looks at the last requests only, so that a model that runs dry is noticed as one that never gave anything. */
function giveUpIfFruitless({ settings }: SynthesizeInput, chunks: readonly EarlierChunk[]): void {
  const recent: EarlierChunk[] = [];
  let requests = 0;
  for (let i = chunks.length - 1; i >= 0 && requests < patience; i--) {
    const chunk = chunks[i] as EarlierChunk;
    recent.unshift(chunk);
    requests += chunk.requests.length;
  }
  const candidates = recent.filter((chunk) => chunk.requests.length > 0).flatMap((chunk) => chunk.candidates);
  const kept = candidates.filter(isKept).length;
  if (requests < patience || kept / requests >= settings.minYield) return;
  const counts = countRejections(candidates);
  for (const chunk of recent) for (const [reason, n] of Object.entries(chunk.unparsed)) addCount(counts, reason, n);
  const reasons = Object.entries(sortCounts(counts)).map(([reason, n]) => `${n} ${reason}`);
  const example = (recent.at(-1)?.requests.at(-1)?.text ?? '').slice(0, 300);
  throw new IsheepError(
    'nothing-usable',
    `the last ${requests} requests gave ${kept} usable instructions, fewer than synthesize.minYield ` +
      `(${settings.minYield} a request); dropped: ${reasons.join(', ') || 'nothing, the texts were empty'}; ` +
      `the model wrote, for example: ${JSON.stringify(example)}`,
    {
      hint: 'a larger model, other seeds, a larger synthesize.maxTokens or a lower synthesize.temperature may help',
    },
  );
}

function noOwnKept(chunks: readonly EarlierChunk[]): IsheepError {
  const candidates = chunks.flatMap((chunk) => chunk.candidates);
  const reasons = Object.entries(countRejections(candidates)).map(([reason, n]) => `${n} ${reason}`);
  return new IsheepError(
    'nothing-usable',
    `the filters rejected all ${candidates.length} instructions of own.instructions: ${reasons.join(', ')}`,
    {
      hint: 'name the rules that are to apply with --filter-rules, or let the model write others: --synthesize-method',
    },
  );
}
