// The stages of an iteration, in their order, and which of them it has.
import type { RunData } from '../run-context.js';
import { assessStage } from './assess.js';
import { evaluateStage } from './evaluate.js';
import { filterStage } from './filter.js';
import { gateStage } from './gate.js';
import { mergeStage } from './merge.js';
import { respondStage } from './respond.js';
import { selectStage } from './select.js';
import type { StageWork } from './stage-work.js';
import { synthesizeStage } from './synthesize.js';
import { trainStage } from './train.js';

/** In their order; an iteration has those that it wants. */
export const stages: readonly StageWork[] = [
  synthesizeStage,
  respondStage,
  filterStage,
  assessStage,
  selectStage,
  trainStage,
  evaluateStage,
  gateStage,
  mergeStage,
];

/** Those that the settings ask for. */
export function stagesOf(run: RunData, iteration: number): StageWork[] {
  return stages.filter((work) => work.isWanted?.(run, iteration) ?? true);
}

/** Whether nothing of an iteration is left to do. */
export function isIterationFinished(run: RunData, iteration: number): boolean {
  return stagesOf(run, iteration).every(({ stage }) => run.store.finishedStage(iteration, stage) !== undefined);
}
