// Stage train in a run: from the base or the adapter of the iteration before, on this iteration's dataset. Steps are committed as they come; a training that
// was killed goes on from the trainer's own checkpoint, which is removed once adapter and rows are safe.
import { rmSync } from 'node:fs';
import path from 'node:path';

import type { TrainSummary } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import { joinedTask } from '../../shared/task-prompt.js';
import { joinerMetadata, splitHeldOut, train, type TrainInput } from '../../stages/train/train.js';
import { hashFile, iterationDir } from '../../store/artifacts.js';
import { adapterName, adapterPath, lastAdapter, stopIfAsked, type RunContext, type RunData } from '../run-context.js';
import type { IterationSummary } from '../events.js';
import {
  commitTrainEvent,
  copiedWeights,
  copiedWeightsKey,
  dataset,
  plannedSteps,
  plannedStepsKey,
  trainingSteps,
  type TrainResult,
} from '../stored-rows.js';
import { templateMetadata } from '../trained-template.js';
import type { StageWork } from './stage-work.js';

export const trainStage: StageWork = {
  stage: 'train',
  unit: 'steps',
  values: (iteration) => [plannedStepsKey(iteration), copiedWeightsKey(iteration)],
  artifacts: [adapterName],

  size(run, iteration) {
    const { training } = split(run, iteration);
    const { epochs, steps, batchSize, accumulate } = run.config.train;
    // Before the training has counted its tokens and the pairs that are too long, an estimate.
    const estimate = steps ?? Math.max(1, Math.ceil(epochs * Math.ceil(training.length / (batchSize * accumulate))));
    const total = plannedSteps(run.store, iteration) ?? estimate;
    return { total, done: Math.min(total, trainingSteps(run.store, iteration).length) };
  },

  async work(run, iteration) {
    const { store, runDir } = run;
    const earlierSeconds = trainingSteps(store, iteration).reduce((sum, step) => sum + step.seconds, 0);
    const summary = await trainToTheEnd(run, iteration);
    const adapterSha256 = hashFile(adapterPath(runDir, iteration));
    const { training, heldOut } = split(run, iteration);
    const result: TrainResult = { pairs: training.length, heldOut: heldOut.length, adapterSha256, summary };
    refuseOtherBytes(run, iteration, adapterSha256);
    store.setArtifactHash(iteration, adapterName, adapterSha256);
    return { result, note: inWords(summary), earlierSeconds };
  },
};

function inWords({ steps, plannedSteps: planned, adapterStep, lossTokens }: TrainSummary): string {
  const early = steps < planned ? ` of ${planned} (stopped early)` : '';
  const best = adapterStep < steps ? `, adapter of step ${adapterStep}` : '';
  return `${steps}${early} steps, ${lossTokens} response tokens${best}`;
}

/** The checkpoint of a training that is not finished. */
export function checkpointDir(runDir: string, iteration: number): string {
  return path.join(iterationDir(runDir, iteration), 'checkpoint');
}

export function removeCheckpoint(runDir: string, iteration: number): void {
  rmSync(checkpointDir(runDir, iteration), { recursive: true, force: true });
}

/** An adapter that was lost is trained again; where later data was made by it, it must come out the same. */
function refuseOtherBytes({ store, runDir }: RunContext, iteration: number, adapterSha256: string): void {
  const earlier = store.artifactHash(iteration, adapterName);
  if (earlier === undefined || earlier === adapterSha256) return;
  const madeWith = madeByAdapter(store, iteration + 1, earlier);
  if (madeWith === undefined) return;
  throw new IsheepError(
    'corrupt-run',
    `${adapterPath(runDir, iteration)} was lost, and training it again gave another adapter than the one that ` +
      `iteration ${madeWith} was made with`,
    { hint: 'put back a copy of it, or start anew with another --run; another machine may give other bytes' },
  );
}

/** The first iteration from `iteration` on whose data the adapter wrote; none where it was rolled back. */
function madeByAdapter(store: RunContext['store'], iteration: number, adapterSha256: string): number | undefined {
  const model = store.iterationModel(iteration) as IterationSummary['model'] | undefined;
  if (model === undefined) return undefined;
  const isBy = typeof model === 'object' && 'adapterSha256' in model && model.adapterSha256 === adapterSha256;
  return isBy ? iteration : madeByAdapter(store, iteration + 1, adapterSha256);
}

async function trainToTheEnd(run: RunContext, iteration: number): Promise<TrainSummary> {
  const events = train(trainInput(run, iteration), await run.engines.trainer());
  let tokens = 0;
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) return value;
    commitTrainEvent(run.store, iteration, value);
    run.report({ kind: 'training', iteration, event: value });
    if (value.kind === 'step') {
      tokens += value.tokens;
      run.report({ kind: 'stage-progress', iteration, stage: 'train', done: value.step, tokens });
    }
    if (run.stop.aborted) await events.return(undefined as never);
    stopIfAsked(run, iteration, 'train', value.kind === 'samples' ? 'no step' : `step ${value.step}`);
  }
}

function trainInput(run: RunContext, iteration: number): TrainInput {
  const { config, record, runDir } = run;
  const last = config.train.startFrom === 'last' ? lastAdapter(run, iteration) : null;
  return {
    dataset: dataset(run.store, iteration).map((pair) => joinedTask(pair, config.inputJoiner)),
    iteration,
    seed: config.seed,
    settings: { ...config.train, copiedWeights: copiedWeights(run.store, iteration) ?? config.train.copiedWeights },
    isBase: config.chatTemplate !== undefined,
    adapterPath: adapterPath(runDir, iteration),
    ...(last !== null && { initAdapterPath: last }),
    metadata: {
      'isheep.base.sha256': record.inputs.base.sha256,
      'isheep.run': run.name,
      'isheep.iteration': String(iteration),
      ...templateMetadata(config.chatTemplate),
      ...joinerMetadata(config.inputJoiner),
    },
    checkpointDir: checkpointDir(runDir, iteration),
    signal: run.cancel,
  };
}

function split(run: RunData, iteration: number): ReturnType<typeof splitHeldOut> {
  return splitHeldOut(dataset(run.store, iteration), run.config.train.validation, run.config.seed, iteration);
}
