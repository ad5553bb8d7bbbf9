// What the gate's verdicts mean for the loop: whose adapter writes an iteration's data, and where the run ends.
import { type GateVerdict, isMeasured } from '../stages/evaluate/gate/decide.js';
import type { RunStore } from '../store/run-store.js';
import type { RunData } from './run-context.js';
import { stageResult } from './stored-rows.js';

/** The iteration whose adapter writes the data of `iteration`: the last one before it that was not rolled back; 0: the base. */
export function writerOf(store: RunStore, iteration: number): number {
  for (let earlier = iteration - 1; earlier > 0; earlier--) {
    if (verdictOfIteration(store, earlier)?.kept !== false) return earlier;
  }
  return 0;
}

/** undefined where there is no gate, it has not decided yet, or it had nothing to decide by. */
function verdictOfIteration(store: RunStore, iteration: number): GateVerdict | undefined {
  const result = stageResult(store, iteration, 'gate');
  return result !== undefined && isMeasured(result) ? result.verdict : undefined;
}

/** The verdicts of the iterations before `iteration`, in order. */
export function verdictsBefore(store: RunStore, iteration: number): GateVerdict[] {
  return Array.from({ length: iteration - 1 }, (_, i) => verdictOfIteration(store, i + 1)).filter(
    (verdict) => verdict !== undefined,
  );
}

/** The last iteration that the run has: where the gate ended it, or as many as were asked for. */
export function lastIteration({ store, config }: Pick<RunData, 'store' | 'config'>): number {
  for (let iteration = 1; iteration < config.iterations; iteration++) {
    if (verdictOfIteration(store, iteration)?.stops === true) return iteration;
  }
  return config.iterations;
}
