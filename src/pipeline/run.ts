// The loop: each iteration writes instructions, answers them, filters, judges, keeps the best, trains an adapter on the
// base, and compares it with the base. Knows the order and what is committed when; the work is in src/stages.
import { diskError } from '../shared/atomic-file.js';
import type { Config } from '../config/schema.js';
import type { EngineFactory } from '../engine/engine-factory.js';
import { IsheepError } from '../shared/errors.js';
import { acquireLock } from '../store/lock.js';
import type { RunStore } from '../store/run-store.js';
import { refuseBeyondEndpoint } from './endpoint-limits.js';
import { EngineSlot } from './engine-slot.js';
import type { StageSharing } from './ablation/stage-sharing.js';
import type { Reporter, RunSummary } from './events.js';
import { isFinished, leaveFiles, openStore, refuseChanges, storedRecord, storeRecord } from './resume.js';
import { describeRun, runName, type RunRecord, asContinued } from './run-config.js';
import { instructionsBy, modelName, stopIfAsked, type RunContext } from './run-context.js';
import { lastIteration } from './rollback.js';
import { loadInputs } from './run-inputs.js';
import { stages } from './stages/index.js';
import type { StageWork } from './stages/stage-work.js';
import { summarizeRun } from './summary.js';

export interface RunOptions {
  /** The run's folder; one that holds a run is continued. */
  runDir: string;
  config: Config;
  /** The base's GGUF file. */
  modelPath: string;
  /** The judge's, where it is another model. */
  judgePath?: string;
  engine: EngineFactory;
  report: Reporter;
  /** Aborted: ends the current chunk, then throws `interrupted`. */
  stop?: AbortSignal;
  /** Aborted: cancels the running native call, then throws `interrupted`. */
  cancel?: AbortSignal;
  /** Stages that other runs have finished, where there are such: taken over instead of being done again. */
  sharing?: StageSharing;
  /** What adapters call the run; by default the hash of its configuration and inputs. */
  name?: string;
  /** The command that continues this run, for the hint of `interrupted`. */
  continueCommand?: string;
}

/** Runs or continues the loop to its end. Throws `interrupted`, `run-locked`, `run-changed`, `corrupt-run`,
 *  `nothing-usable`, `not-enough-disk` and what the engine throws; what was committed before stays. */
export async function runLoop(options: RunOptions): Promise<RunSummary> {
  const { config, runDir, engine } = options;
  const inputs = loadInputs(config);
  await engine.check('training');
  const asked = describeRun(config, options, inputs);
  try {
    return await withStore(runDir, async (store) => {
      const started = storedRecord(store);
      if (started !== undefined) refuseChanges(runDir, started, asked);
      // A resume takes over what was chosen at the start, but for the threads, so that the same machine makes the same bytes.
      const choices = await engine.choose(started?.choices);
      const record: RunRecord = started ? asContinued(started, config, choices) : { ...asked, choices };
      // Before the record: the same folder is free for other settings then.
      if (started === undefined) await refuseBeyondEndpoint(config, engine, choices);
      storeRecord(store, runDir, record);
      options.report({ kind: 'run-started', runDir, continued: started !== undefined, iterations: config.iterations });
      const engines = new EngineSlot(engine, record.choices);
      const never = new AbortController().signal;
      const { report, stop = never, cancel = never } = options;
      try {
        const name = options.name ?? runName(record);
        const run = { ...inputs, runDir, config, record, name, store, engines, report, stop, cancel };
        return await iterate(run, options.sharing);
      } finally {
        await engines.close();
      }
    });
  } catch (error) {
    throw explain(error, options);
  }
}

async function withStore<T>(runDir: string, work: (store: RunStore) => Promise<T>): Promise<T> {
  const lock = acquireLock(runDir);
  try {
    const store = openStore(runDir);
    try {
      return await work(store);
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

async function iterate(run: RunContext, sharing: StageSharing | undefined): Promise<RunSummary> {
  const { config, store } = run;
  const { endpointModel } = run.record.choices;
  if (endpointModel !== undefined) run.report({ kind: 'warning', message: fixedModel(String(endpointModel)) });
  const own = run.ownInstructions.length;
  if (own > config.instructions) run.report({ kind: 'warning', message: moreOwn(own, config.instructions) });
  for (let iteration = 1; iteration <= lastIteration(run); iteration++) {
    const model = modelName(run, iteration);
    if (store.iterationModel(iteration) === undefined) store.startIteration(iteration, model);
    const by = { model, ...instructionsBy(config, model) };
    run.report({ kind: 'iteration-started', iteration, of: config.iterations, ...by });
    for (const stage of stages) {
      if (stage.isWanted?.(run, iteration) === false) continue; // a verdict of the gate may change what is wanted
      const isDone = isFinished(run, iteration, stage.stage) || sharing?.takeOver(run, iteration, stage) === true;
      if (!isDone) await runStage(run, iteration, stage);
      sharing?.offer(run, iteration, stage);
    }
  }
  const summary = summarizeRun(run);
  run.report({ kind: 'run-finished', summary });
  return summary;
}

function moreOwn(own: number, wanted: number): string {
  return `own.instructions holds ${own} and instructions is ${wanted}: each iteration takes the first ${wanted} that the filters keep`;
}

function fixedModel(name: string): string {
  return (
    `the endpoint's model ${name} writes and judges in every iteration as it is; adapters are trained on the local base and ` +
    'compared with it, and do not change what the endpoint writes'
  );
}

async function runStage(run: RunContext, iteration: number, stageWork: StageWork): Promise<void> {
  const { store } = run;
  const { stage, unit } = stageWork;
  const { total, done } = stageWork.size(run, iteration);
  stopIfAsked(run, iteration, stage, `${done} of ${total} ${unit}`);
  run.report({ kind: 'stage-started', iteration, stage, unit, total, done });
  const started = performance.now();
  const chunkSecondsBefore = store.chunkSeconds(iteration, stage);
  const { result, note, earlierSeconds = 0 } = await stageWork.work(run, iteration);
  const chunkSeconds = store.chunkSeconds(iteration, stage) - chunkSecondsBefore;
  const elapsed = (performance.now() - started) / 1000;
  store.finishStage(iteration, stage, Math.max(0, elapsed - chunkSeconds) + earlierSeconds, result);
  leaveFiles(run, iteration, stage, true);
  const seconds = store.finishedStage(iteration, stage)?.seconds ?? elapsed;
  run.report({ kind: 'stage-finished', iteration, stage, seconds, note });
}

/** Says how to continue where the run was interrupted, and that the disk is full where that is the cause. */
function explain(error: unknown, { runDir, continueCommand }: RunOptions): unknown {
  if (!(error instanceof IsheepError) || error.code !== 'interrupted') return diskError(error, runDir);
  const command = continueCommand ?? `isheep run --run ${runDir} (with the same options)`;
  return new IsheepError('interrupted', error.message, { hint: `continue with: ${command}`, cause: error });
}
