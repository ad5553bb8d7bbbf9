// The verb assess: how good the pairs of a file are in a model's eyes, and the test of the judge itself.
import type { Config } from '../../config/schema.js';
import type { LanguageModel } from '../../engine/engine.js';
import { readJsonLines } from '../../shared/jsonl.js';
import type { AssessMethod, SeedTask } from '../../shared/rows.js';
import { type InputJoiner, joinedTask } from '../../shared/task-prompt.js';
import { addCount } from '../../shared/verdicts.js';
import { selfAgreement, type SelfAgreement } from '../../stages/assess/agreement.js';
import { assess, type UnrankedAssessment } from '../../stages/assess/assess.js';
import { rankPool } from '../../stages/assess/rank.js';
import { refuseImpossible } from '../../stages/assess/possible-methods.js';
import { chooseMethod, selfTest, type SelfTestRow } from '../../stages/assess/self-test.js';
import { asPair, engineCall, nonEmpty, pairRowSchema, stopIfInterrupted, without, writeRows } from './verb.js';
import type { PairRow, RowTarget, VerbCall } from './verb.js';

export interface AssessJob {
  out: RowTarget;
  settings: Config['assess'];
  seed: number;
  /** For `auto`, which tries the judge on them first. */
  seeds: readonly SeedTask[];
  inputJoiner: InputJoiner;
}

export interface AssessResult {
  pairs: number;
  method: AssessMethod;
  /** Why this method, where it was chosen by the self-test. */
  why: string;
  /** Pairs without an assessment, by reason. */
  failed: Record<string, number>;
  /** Of the judge with itself, where pairs were graded more than once. */
  agreement?: SelfAgreement;
  seconds: number;
}

/** Fields of a pair that an assessment does not repeat; others are kept. */
const pairFields = [
  ...['instruction', 'input', 'response', 'system', 'constraints', 'difficulty', 'verdicts', 'source'],
  ...['quality', 'following'],
];

export function readPairs(file: string): PairRow[] {
  return nonEmpty(readJsonLines(file, pairRowSchema), file);
}

export async function assessFile(
  job: AssessJob,
  pairs: readonly PairRow[],
  model: LanguageModel,
  call: VerbCall = {},
): Promise<AssessResult> {
  const started = performance.now();
  const { method, why } = await methodOf(job, model, call);
  const failed: Record<string, number> = {};
  const agreement = await writeRows(job.out, async (write) => {
    const assessments = rankPool(await assessAll(job, method, pairs, model, call));
    write(assessments.map((assessment, i) => ({ ...without(pairs[i] ?? {}, pairFields), ...assessment })));
    for (const assessment of assessments) if ('reason' in assessment) addCount(failed, assessment.reason);
    return selfAgreement(assessments);
  });
  const seconds = (performance.now() - started) / 1000;
  return { pairs: pairs.length, method, why, failed, ...(agreement && { agreement }), seconds };
}

/** Every method on the seeds' own pairs against spoilt ones, and the one that `auto` would take. */
export async function runSelfTest(
  job: Pick<AssessJob, 'settings' | 'seed' | 'seeds' | 'inputJoiner'>,
  model: LanguageModel,
  call: VerbCall = {},
): Promise<{ rows: SelfTestRow[]; choice: { method: AssessMethod; why: string } }> {
  const rows = await selfTest(
    {
      seeds: job.seeds.map((task) => joinedTask(task, job.inputJoiner)),
      seed: job.seed,
      criteria: job.settings.criteria,
      constrained: job.settings.constrained,
      // Nothing of it is kept, so the first signal ends it.
      signal: AbortSignal.any([call.stop, call.cancel].filter((signal) => signal !== undefined)),
      onProgress: (progress) => call.onProgress?.({ ...progress, tokens: 0 }),
    },
    model,
  );
  return { rows, choice: chooseMethod(rows) };
}

async function methodOf(
  job: AssessJob,
  model: LanguageModel,
  call: VerbCall,
): Promise<{ method: AssessMethod; why: string }> {
  const { method } = job.settings;
  if (method !== 'auto') {
    await refuseImpossible(method, model);
    return { method, why: '' };
  }
  return (await runSelfTest(job, model, call)).choice;
}

async function assessAll(
  job: AssessJob,
  method: AssessMethod,
  pairs: readonly PairRow[],
  model: LanguageModel,
  call: VerbCall,
): Promise<UnrankedAssessment[]> {
  const pool: UnrankedAssessment[] = [];
  const input = {
    pairs: pairs.map((row) => joinedTask(asPair(row), job.inputJoiner)),
    iteration: 0,
    seed: job.seed,
    method,
    settings: job.settings,
    firstChunk: 0,
    ...engineCall(call, pairs.length, 0),
  };
  for await (const chunk of assess(input, model)) {
    pool.push(...chunk.assessments);
    call.onProgress?.({ done: pool.length, total: pairs.length, tokens: 0 });
    stopIfInterrupted(call, pool.length, pairs.length);
  }
  return pool;
}
