// How far a run is, read from its database; a process may be writing it meanwhile. Changes nothing.
import { type Config, configSchema } from '../config/schema.js';
import { RunStore } from '../store/run-store.js';
import { isLocked } from '../store/lock.js';
import { corruptRun } from '../store/store-error.js';
import type { IterationSummary, StageName } from './events.js';
import { storedRecord } from './resume.js';
import type { RunRecord } from './run-config.js';
import { lastIteration } from './rollback.js';
import type { RunData } from './run-context.js';
import { isIterationFinished, stagesOf } from './stages/index.js';
import { bestIteration, summarizeIteration } from './summary.js';

export interface StageStatus {
  stage: StageName;
  state: 'waiting' | 'started' | 'finished';
  /** What is counted, in the plural; null where the stages before it have not said how many. */
  unit: string;
  total: number | null;
  done: number;
  seconds: number;
}

export interface RunStatus {
  runDir: string;
  /** Whether a process works on it at this moment. */
  isRunning: boolean;
  isFinished: boolean;
  record: RunRecord;
  iterations: { iteration: number; stages: StageStatus[]; summary: IterationSummary | null }[];
  /** So far; null where no adapter is better than the base. */
  best: number | null;
}

/** Throws `bad-input` where there is no run, `corrupt-run` where it cannot be read. */
export function readStatus(runDir: string): RunStatus {
  return withRun(runDir, (run, record) => {
    const iterations = Array.from({ length: lastIteration(run) }, (_, i) => iterationStatus(run, i + 1));
    return {
      runDir,
      isRunning: isLocked(runDir),
      isFinished: iterations.every(({ summary }) => summary !== null),
      record,
      iterations,
      best: bestIteration(run),
    };
  });
}

/** Opens a run to read it. Throws `bad-input` where there is none. */
export function withRun<T>(runDir: string, read: (run: RunData, record: RunRecord) => T): T {
  const store = RunStore.openExisting(runDir);
  try {
    const record = storedRecord(store);
    if (record === undefined) throw corruptRun(store.file, 'it does not say what the run is');
    return read({ runDir, config: withDefaults(record.config), store }, record);
  } finally {
    store.close();
  }
}

/** A run that an earlier version started lacks the settings that came later; their defaults are what it did. */
function withDefaults(config: Config): Config {
  const completed = configSchema.safeParse(config);
  return completed.success ? completed.data : config;
}

function iterationStatus(run: RunData, iteration: number): RunStatus['iterations'][number] {
  const listed: StageStatus[] = [];
  // The size of a stage is known once the stage before it is finished.
  let isKnown = run.store.iterationModel(iteration) !== undefined;
  for (const work of stagesOf(run, iteration)) {
    const finished = run.store.finishedStage(iteration, work.stage);
    const { total, done } = isKnown ? work.size(run, iteration) : { total: null, done: 0 };
    listed.push({
      stage: work.stage,
      state: finished !== undefined ? 'finished' : done > 0 ? 'started' : 'waiting',
      unit: work.unit,
      total,
      done: finished !== undefined ? (total ?? 0) : done,
      seconds: finished?.seconds ?? run.store.chunkSeconds(iteration, work.stage),
    });
    isKnown = finished !== undefined;
  }
  return {
    iteration,
    stages: listed,
    summary: isIterationFinished(run, iteration) ? summarizeIteration(run, iteration) : null,
  };
}
