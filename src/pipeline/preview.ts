// What a run would make, on a few candidates: written or a person's own, answered, filtered and judged by the base with the
// run's settings. Writes nothing.
import type { EngineFactory } from '../engine/engine-factory.js';
import type { Config } from '../config/schema.js';
import type { AssessMethod, Assessment, Candidate, Pair, Verdict } from '../shared/rows.js';
import { addCount } from '../shared/verdicts.js';
import { isKept } from '../shared/verdicts.js';
import { rankPool } from '../stages/assess/rank.js';
import { afterTarget } from '../stages/synthesize/own-candidates.js';
import { refuseBeyondEndpoint } from './endpoint-limits.js';
import { EngineSlot } from './engine-slot.js';
import type { Reporter, StageName } from './events.js';
import { loadInputs, type RunInputs } from './run-inputs.js';
import { judgeOf, sampleAssessments, type SampleInput, sampleResponses, sampleSynthesis } from './sample.js';
import { isJudged } from './stages/assess.js';
import { measureDemonstrations } from './stages/synthesize.js';
import { byId } from './stored-rows.js';

/** Candidates with a response. */
const shownCandidates = 10;
/** Of these, a person's own where the rest is synthesized. */
const shownOwn = 5;
/** A model that writes few usable instructions is not asked for ever. */
const mostChunks = 4;

export interface PreviewInput {
  config: Config;
  engine: EngineFactory;
  report: Reporter;
  signal?: AbortSignal;
}

/** Where an instruction comes from: a candidate's `source`. */
export interface Origin {
  own?: string | number;
  request?: string;
  number?: number;
  passage?: { file: string; number: number };
}

export interface PreviewedPair extends Pair {
  verdicts: Verdict[];
  origin: Origin;
  /** Where the filters let it pass and pairs are judged. A rank is one among the pairs of the preview. */
  assessment?: Assessment;
}

export interface Preview {
  pairs: PreviewedPair[];
  /** Candidates that a filter rejected, so that they have no response. */
  rejected: Candidate[];
  /** Requests of synthesis, and the pieces of their texts that were no task, by reason. */
  requests: number;
  unparsed: Record<string, number>;
  method: AssessMethod | 'none';
  seconds: { synthesize: number; respond: number; assess: number };
  /** What is otherwise than in a run, in sentences. */
  notes: string[];
}

/** Throws what a run throws before its first stage, and `interrupted`. */
export async function preview({ config, engine, report, signal }: PreviewInput): Promise<Preview> {
  const inputs = loadInputs(config);
  await engine.check('training');
  const choices = await engine.choose();
  await refuseBeyondEndpoint(config, engine, choices);
  const engines = new EngineSlot(engine, choices);
  try {
    const input = { ...inputs, config, report, ...(signal && { signal }) };
    return await previewOf(input, engines);
  } finally {
    await engines.close();
  }
}

type Sampled = SampleInput & { report: Reporter };

async function previewOf(input: Sampled, engines: EngineSlot): Promise<Preview> {
  const model = await engines.writer(null);
  const { config } = input;
  const target = Math.min(shownCandidates, config.instructions);
  const signal = input.signal && { signal: input.signal };
  const measures = await measureDemonstrations(config, input.seeds, 1, model, signal);
  const own = { ...input, measures, ownInstructions: input.ownInstructions.slice(0, ownCount(input)) };
  const amount = { target, chunk: config.synthesize.chunk, chunks: mostChunks };
  const synthesized = await timed(own, 'synthesize', 'instructions', target, (sampled) =>
    sampleSynthesis(sampled, model, amount),
  );
  const chunks = synthesized.result;
  const candidates = chunks.flatMap((chunk) => chunk.candidates);
  const kept = candidates.filter(isKept);
  const responded = await timed(input, 'respond', 'responses', kept.length, (sampled) =>
    sampleResponses(sampled, model, kept),
  );
  const { pairs } = responded.result;
  const assessed = await judged(input, engines, pairs.filter(isKept));
  const unparsed: Record<string, number> = {};
  for (const [reason, n] of chunks.flatMap((chunk) => Object.entries(chunk.unparsed))) addCount(unparsed, reason, n);
  return {
    pairs: withAssessments(pairs, kept, assessed.assessments),
    rejected: candidates.filter((candidate) => !isKept(candidate) && !isAfterTarget(candidate)),
    requests: chunks.reduce((sum, { requests }) => sum + requests.length, 0),
    unparsed,
    method: assessed.method,
    seconds: { synthesize: synthesized.seconds, respond: responded.seconds, assess: assessed.seconds },
    notes: notes(config, assessed.method),
  };
}

/** Half of what is shown, or all of it where there is nothing else. */
function ownCount({ config, ownInstructions }: RunInputs & { config: Config }): number {
  const isAll = config.synthesize.method === 'none' || ownInstructions.length >= config.instructions;
  return isAll ? shownCandidates : shownOwn;
}

async function judged(
  input: Sampled,
  engines: EngineSlot,
  pairs: readonly Pair[],
): Promise<{ method: Preview['method']; assessments: Assessment[]; seconds: number }> {
  if (!isJudged(input.config)) return { method: 'none', assessments: [], seconds: 0 };
  const judge = await judgeOf(input.config, engines);
  const { result, seconds } = await timed(input, 'assess', 'pairs', pairs.length, (sampled) =>
    sampleAssessments(sampled, judge, pairs),
  );
  return { method: result.method, assessments: rankPool(result.assessments), seconds };
}

/** Does a stage's work, told of as in a run. */
async function timed<T>(
  input: Sampled,
  stage: StageName,
  unit: string,
  total: number,
  work: (input: Sampled) => Promise<T>,
): Promise<{ result: T; seconds: number }> {
  const { report } = input;
  const of = { iteration: 1, stage };
  report({ kind: 'stage-started', ...of, unit, total, done: 0 });
  const started = performance.now();
  const onProgress = ({ done, tokens }: { done: number; tokens: number }) =>
    report({ kind: 'stage-progress', ...of, done: stage === 'synthesize' ? 0 : done, tokens });
  const result = await work({ ...input, onProgress });
  const seconds = (performance.now() - started) / 1000;
  report({ kind: 'stage-finished', ...of, seconds, note: '' });
  return { result, seconds };
}

function withAssessments(
  pairs: readonly (Pair & { verdicts: Verdict[] })[],
  candidates: readonly Candidate[],
  assessments: readonly Assessment[],
): PreviewedPair[] {
  const [assessmentOf, candidateOf] = [byId(assessments), byId(candidates)];
  return pairs.map((pair) => {
    const assessment = assessmentOf.get(pair.id);
    return { ...pair, origin: (candidateOf.get(pair.id)?.source ?? {}) as Origin, ...(assessment && { assessment }) };
  });
}

/** There was enough before it: nothing is wrong with it. */
function isAfterTarget({ verdicts }: Candidate): boolean {
  return verdicts.some(({ reason }) => reason === afterTarget.reason);
}

function notes({ assess }: Config, method: Preview['method']): string[] {
  if (method === 'none') return [];
  const found: string[] = [];
  if (assess.method === 'auto') {
    found.push(
      `assess.method is auto: judged by ${method} here; a run tests the judge first, once, and may choose grades`,
    );
  }
  if (method === 'likelihood') found.push('a rank is one among the pairs shown; a run ranks all pairs of an iteration');
  return found;
}
