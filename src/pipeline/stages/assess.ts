// Stage assess in a run: the model that wrote the responses judges them, or the base, or another model. `auto` is decided once, in the first iteration,
// so that all iterations of a run are judged alike.
import type { Config } from '../../config/schema.js';
import type { LanguageModel } from '../../engine/engine.js';
import type { AssessMethod } from '../../shared/rows.js';
import { joinedTask } from '../../shared/task-prompt.js';
import { selfAgreement } from '../../stages/assess/agreement.js';
import { assess } from '../../stages/assess/assess.js';
import { chooseMethod, selfTest, type SelfTestRow } from '../../stages/assess/self-test.js';
import { writerOf } from '../rollback.js';
import { callOptions, judgesOwn, judgeOf, type RunContext } from '../run-context.js';
import { assessments, assessRows, passedPairs } from '../stored-rows.js';
import { commitChunks, countBy, type StageWork } from './stage-work.js';

/** What a run judges with, and why; with the self-test's figures where it decided. */
export interface ChosenMethod {
  method: AssessMethod;
  why: string;
  selfTest?: SelfTestRow[];
}

const methodKey = 'assess-method';

export const assessStage: StageWork = {
  stage: 'assess',
  unit: 'pairs',
  values: () => [methodKey],

  size(run, iteration) {
    if (!isJudged(run.config)) return { total: 0, done: 0 };
    const total = passedPairs(run.store, iteration).length;
    return { total, done: run.store.countRows(iteration, 'assess', 'assessment') };
  },

  async work(run, iteration) {
    const { config, store } = run;
    if (!isJudged(config)) return { result: { method: 'none', why: '' }, note: 'nothing is judged' };
    const { done: before } = this.size(run, iteration);
    let done = before;
    const model = await judgeOf(run, iteration);
    const { method, why } = await methodOf(run, iteration, model);
    const progress = (more: number) =>
      run.report({ kind: 'stage-progress', iteration, stage: 'assess', done: done + more, tokens: 0 });
    const chunks = assess(
      {
        pairs: passedPairs(store, iteration).map((pair) => joinedTask(pair, config.inputJoiner)),
        iteration,
        seed: config.seed,
        method,
        settings: config.assess,
        firstChunk: store.chunkInfos(iteration, 'assess').length,
        ownResponses: judgesOwn(config, writerOf(run.store, iteration) === 0),
        ...callOptions(run, progress),
      },
      model,
    );
    await commitChunks(run, iteration, this, chunks, (chunk) => {
      done += chunk.assessments.length;
      progress(0);
      return { info: {}, rows: assessRows(chunk), done };
    });
    const agreement = selfAgreement(assessments(store, iteration));
    return { result: { method, why, ...(agreement && { agreement }) }, note: `${done} pairs by ${method}` };
  },
};

/** Whether a run's pairs are judged at all. */
export function isJudged({ select: { by, grades } }: Config): boolean {
  return by === 'assessment' && grades !== 'none';
}

/** The run's method where it is decided; undefined before. */
export function chosenMethod(run: Pick<RunContext, 'store'>): ChosenMethod | undefined {
  return run.store.value(methodKey) as ChosenMethod | undefined;
}

/** Reasons for which pairs got no assessment, counted. */
export function failedAssessments(rows: readonly object[]): Record<string, number> {
  return countBy(rows.flatMap((row) => ('reason' in row ? [String(row.reason)] : [])));
}

async function methodOf(run: RunContext, iteration: number, model: LanguageModel): Promise<ChosenMethod> {
  const known = chosenMethod(run);
  if (known !== undefined) return known;
  const chosen = await decide(run, iteration, model);
  run.store.setValue(methodKey, chosen);
  return chosen;
}

async function decide(run: RunContext, iteration: number, model: LanguageModel): Promise<ChosenMethod> {
  const { inputJoiner } = run.config;
  const { method, criteria, constrained } = run.config.assess;
  if (method !== 'auto') return { method, why: 'as configured' };
  const seeds = run.seeds.map((task) => joinedTask(task, inputJoiner));
  const onProgress = ({ done, total }: { done: number; total: number }) => {
    const doing = `testing the judge, ${done} of ${total}`;
    run.report({ kind: 'stage-progress', iteration, stage: 'assess', done: 0, tokens: 0, doing });
  };
  const input = { seeds, seed: run.config.seed, criteria, constrained, signal: run.cancel, onProgress };
  const rows = await selfTest(input, model);
  return { ...chooseMethod(rows), selfTest: rows };
}
