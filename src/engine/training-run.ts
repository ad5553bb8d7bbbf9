// One training from its last checkpoint to its adapter: the steps in their order, looks at the held-out samples, the best
// adapter, early stopping, checkpoints. Everything that decides what comes next is in TrainProgress, which a checkpoint
// holds, so a training that was killed goes on as if it had not been.
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import type { NativeLoss, NativeTrainer } from '../native/addon-types.js';
import { IsheepError } from '../shared/errors.js';
import type { MemoryForecast, TrainEvent, TrainJob, TrainSummary } from './engine.js';
import type { StepPlan } from './step-plan.js';
import { startOfTraining, type TrainingCheckpoints, type TrainProgress } from './training-checkpoints.js';
import type { Sample, TokenizedExamples } from './training-data.js';

export interface TrainingParts {
  native: NativeTrainer;
  job: TrainJob;
  training: TokenizedExamples;
  heldOut: TokenizedExamples;
  plan: StepPlan;
  memory: MemoryForecast;
  /** null: none are written. */
  checkpoints: TrainingCheckpoints | null;
  /** Called once it is certain that the checkpoints, where there are any, are this training's own. */
  onRestored?: () => void;
}

const defaultCheckpointSeconds = 60;
/** Held-out samples between two events, at which a training can be stopped: seconds of work. */
const heldOutPart = 8;

export class TrainingRun {
  readonly #parts: TrainingParts;
  #progress: TrainProgress = startOfTraining;
  #saved: TrainProgress = startOfTraining;
  #savedAt = performance.now();

  constructor(parts: TrainingParts) {
    this.#parts = parts;
  }

  /** All that happens from the last checkpoint on. A checkpoint is only written when the events before it were taken. */
  async *events(): AsyncGenerator<TrainEvent> {
    const { training, heldOut, plan, memory } = this.#parts;
    yield { kind: 'samples', steps: plan.total, training: training.counts, heldOut: heldOut.counts, memory };
    await this.#restore();
    let stopped = true;
    try {
      yield* this.#heldOutIfDue();
      while (!this.#isDone()) {
        yield await this.#step();
        yield* this.#heldOutIfDue();
        if (this.#isDone() || this.#isSaveDue()) await this.#save();
      }
      await this.#writeAdapter();
    } catch (error) {
      stopped = (error as { code?: unknown }).code === 'interrupted';
      throw error;
    } finally {
      // Also where the caller takes no more events. After any other failure the state is not trusted.
      if (stopped) await this.#save();
    }
  }

  summary(): TrainSummary {
    const { training, heldOut, plan } = this.#parts;
    const { steps, tokens, lossTokens, heldOutLossBase, heldOutLossLast } = this.#progress;
    const best = this.#best();
    const both = (name: 'tooLong' | 'cut' | 'cutTokens') => training.counts[name] + heldOut.counts[name];
    return {
      samples: training.counts.samples,
      tooLong: both('tooLong'),
      cut: both('cut'),
      cutTokens: both('cutTokens'),
      steps,
      plannedSteps: plan.total,
      adapterStep: best?.step ?? steps,
      tokens,
      lossTokens,
      heldOutLossBase,
      heldOutLossAdapter: best?.loss ?? heldOutLossLast,
    };
  }

  async #restore(): Promise<void> {
    const { checkpoints, native, onRestored } = this.#parts;
    const progress = (await checkpoints?.restore(native)) ?? null;
    onRestored?.();
    if (!progress) return;
    this.#progress = progress;
    this.#saved = progress;
  }

  #isDone(): boolean {
    return this.#progress.steps === this.#parts.plan.total || this.#progress.stoppedEarly;
  }

  #refuseInterrupted(): void {
    if (this.#parts.job.signal?.aborted) throw new IsheepError('interrupted', 'training was interrupted');
  }

  async #step(): Promise<TrainEvent> {
    const { native, training, plan } = this.#parts;
    this.#refuseInterrupted();
    const { samples, epoch } = plan.at(this.#progress.steps);
    const started = performance.now();
    const batch = samples.map((i) => training.samples[i] as Sample);
    const { loss, gradNorm, learningRate, tokens, lossTokens } = await native.step(batch);
    const step = this.#progress.steps + 1;
    this.#progress = {
      ...this.#progress,
      steps: step,
      tokens: this.#progress.tokens + tokens,
      lossTokens: this.#progress.lossTokens + lossTokens,
    };
    return {
      kind: 'step',
      of: plan.total,
      step,
      epoch: Number(epoch.toFixed(4)),
      loss,
      lr: learningRate,
      grad_norm: gradNorm,
      tokens,
      loss_tokens: lossTokens,
      seconds: Number(((performance.now() - started) / 1000).toFixed(4)),
    };
  }

  /** The held-out loss of the base before the first step, of the adapter when the settings ask for it and at the end. */
  async *#heldOutIfDue(): AsyncGenerator<TrainEvent> {
    const { native, heldOut } = this.#parts;
    const { steps, heldOutSteps } = this.#progress;
    if (heldOut.samples.length === 0 || heldOutSteps === steps || !this.#isLookDue(steps)) return;
    const losses: NativeLoss[] = [];
    while (losses.length < heldOut.samples.length) {
      yield { kind: 'measuring', step: steps, done: losses.length, of: heldOut.samples.length };
      this.#refuseInterrupted();
      losses.push(
        ...(await native.evaluate(heldOut.samples.slice(losses.length, losses.length + heldOutPart), steps > 0)),
      );
    }
    const tokens = losses.reduce((sum, { lossTokens }) => sum + lossTokens, 0);
    const loss = losses.reduce((sum, sample) => sum + sample.loss, 0) / tokens;
    if (steps === 0) this.#progress = { ...this.#progress, heldOutLossBase: loss, heldOutSteps: steps };
    else await this.#note(steps, loss);
    yield { kind: 'held-out', step: steps, held_out_loss: loss, held_out_tokens: tokens };
  }

  #isLookDue(steps: number): boolean {
    const { plan, job } = this.#parts;
    const { evaluateEvery } = job.settings;
    if (steps === 0 || steps === plan.total) return true;
    return evaluateEvery === undefined ? plan.at(steps - 1).endsEpoch : steps % evaluateEvery === 0;
  }

  /** Takes in a look at the adapter: is it the best so far, and is it time to stop? */
  async #note(steps: number, loss: number): Promise<void> {
    const { native, job } = this.#parts;
    const { keepBest, patience } = job.settings;
    const isBest = this.#progress.best === null || loss < this.#progress.best.loss;
    if (isBest && keepBest) await native.keepBest();
    const looksSinceBest = isBest ? 0 : this.#progress.looksSinceBest + 1;
    this.#progress = {
      ...this.#progress,
      heldOutLossLast: loss,
      heldOutSteps: steps,
      best: isBest ? { step: steps, loss } : this.#progress.best,
      looksSinceBest,
      stoppedEarly: patience > 0 && looksSinceBest >= patience,
    };
  }

  #isSaveDue(): boolean {
    const { checkpointSeconds = defaultCheckpointSeconds } = this.#parts.job;
    return performance.now() - this.#savedAt >= 1000 * checkpointSeconds;
  }

  async #save(): Promise<void> {
    const { checkpoints, native } = this.#parts;
    if (!checkpoints || this.#progress.steps === 0 || this.#progress === this.#saved) return;
    await checkpoints.save(native, this.#progress);
    this.#saved = this.#progress;
    this.#savedAt = performance.now();
  }

  async #writeAdapter(): Promise<void> {
    const { native, job } = this.#parts;
    mkdirSync(path.dirname(path.resolve(job.adapterPath)), { recursive: true });
    await native.saveAdapter(job.adapterPath, job.metadata, this.#best() !== null);
  }

  /** The look that chose the adapter; null where the last step did. */
  #best(): TrainProgress['best'] {
    return this.#parts.job.settings.keepBest ? this.#progress.best : null;
  }
}
