// The stages of an iteration, in their order.
import { assessStage } from './assess.js';
import { evaluateStage } from './evaluate.js';
import { filterStage } from './filter.js';
import { respondStage } from './respond.js';
import { selectStage } from './select.js';
import type { StageWork } from './stage-work.js';
import { synthesizeStage } from './synthesize.js';
import { trainStage } from './train.js';

export const stages: readonly StageWork[] = [
  synthesizeStage,
  respondStage,
  filterStage,
  assessStage,
  selectStage,
  trainStage,
  evaluateStage,
];
