// A few candidates, responses and assessments of the base, by the code of the stages and with a run's settings, in memory: what
// a forecast measures and a preview shows.
import type { Config } from '../config/schema.js';
import type { CallOptions, LanguageModel } from '../engine/engine.js';
import type { AssessMethod, Candidate, Pair, Verdict } from '../shared/rows.js';
import { joinedTask } from '../shared/task-prompt.js';
import { assess, type UnrankedAssessment } from '../stages/assess/assess.js';
import { possibleMethods } from '../stages/assess/possible-methods.js';
import { applyScreen } from '../stages/filter/screen.js';
import { respond, type RespondChunk, responseCount } from '../stages/respond/respond.js';
import type { SeedMeasures } from '../stages/synthesize/demonstrations.js';
import { synthesize, type SynthesizeChunk } from '../stages/synthesize/synthesize.js';
import type { EngineSlot } from './engine-slot.js';
import { isTemplateGiven, judgesOwn } from './run-context.js';
import { type RunInputs, synthesisInputs } from './run-inputs.js';
import { pairScreen } from './screens.js';

export interface SampleInput extends CallOptions, RunInputs {
  config: Config;
  /** What the model makes of the seeds, where demonstrations go by it. */
  measures?: SeedMeasures | undefined;
}

export interface SynthesisSample {
  /** Instructions that are wanted at most. */
  target: number;
  /** Requests of a chunk at most. */
  chunk: number;
  /** Chunks of requests at most. */
  chunks: number;
}

/** The first chunks of a run's synthesis; a person's own instructions are one more. */
export async function sampleSynthesis(
  input: SampleInput,
  model: LanguageModel,
  { target, chunk, chunks }: SynthesisSample,
): Promise<SynthesizeChunk[]> {
  const inputs = { ...synthesisInputs(input.config, input, model), measures: input.measures };
  const settings = { ...inputs.settings, chunk: Math.min(chunk, inputs.settings.chunk) };
  const sampled: SynthesizeChunk[] = [];
  const all = synthesize({ ...callOptions(input), ...inputs, settings, iteration: 1, target, earlier: [] }, model);
  for await (const one of all) {
    sampled.push(one);
    if (sampled.filter(({ requests }) => requests.length > 0).length === chunks) break;
  }
  return sampled;
}

/** Responses to all candidates at once, with the verdicts of the filters for pairs. */
export async function sampleResponses(
  input: SampleInput,
  model: LanguageModel,
  candidates: readonly Candidate[],
): Promise<{ pairs: (Pair & { verdicts: Verdict[] })[]; completions: RespondChunk['completions']; tokens: number }> {
  const { seed, respond: settings, constraints, inputJoiner, quirks } = input.config;
  const asked = { constraints, inputJoiner, gluedInput: quirks.gluedInput };
  const model1 = { isBase: true, isTemplateGiven: isTemplateGiven(input.config) };
  const { seeds } = input;
  const call = { ...callOptions(input), ...asked, ...model1, candidates, seeds, iteration: 1, seed, firstChunk: 0 };
  const chunks = respond(
    { ...call, settings: { ...settings, chunk: Math.max(1, responseCount(candidates.length, settings)) } },
    model,
  );
  for await (const { pairs, completions, tokens } of chunks) {
    return { pairs: applyScreen(pairs, pairScreen(input)), completions, tokens };
  }
  return { pairs: [], completions: [], tokens: 0 };
}

/** Judges all pairs at once. `auto` is likelihood here, where the model can be judged by it: which method it takes is known
 *  only once a run has tested the judge. */
export async function sampleAssessments(
  input: SampleInput,
  model: LanguageModel,
  pairs: readonly Pair[],
): Promise<{ method: AssessMethod; assessments: UnrankedAssessment[] }> {
  const { seed, assess: settings, inputJoiner } = input.config;
  const method = settings.method === 'auto' ? (await possibleMethods(model))[0] : settings.method;
  const ownResponses = judgesOwn(input.config, true);
  const joined = pairs.map((pair) => joinedTask(pair, inputJoiner));
  const call = { ...callOptions(input), pairs: joined, iteration: 1, seed, method, firstChunk: 0, ownResponses };
  const chunks = assess({ ...call, settings: { ...settings, chunk: Math.max(1, pairs.length) } }, model);
  for await (const { assessments } of chunks) return { method, assessments };
  return { method, assessments: [] };
}

/** What judges in the first iteration, where the base is the current model. */
export function judgeOf({ assess: { judge } }: Config, engines: EngineSlot): Promise<LanguageModel> {
  if (judge === 'current') return engines.writer(null);
  return judge === 'base' ? engines.model(null) : engines.judge();
}

function callOptions({ signal, onProgress }: CallOptions): CallOptions {
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}
