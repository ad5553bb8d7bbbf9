// The checkpoints of one training in a folder: the trainer's state in step-<n>.gguf, and beside it, written last, what the
// façade knows in step-<n>.json. The last two are kept.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { NativeTrainer } from '../native/addon-types.js';
import { writeFileAtomically } from '../shared/atomic-file.js';
import { fromNative, IsheepError } from '../shared/errors.js';

/** What has happened up to a step; the summary goes on from here. */
export interface TrainProgress {
  readonly steps: number;
  readonly tokens: number;
  readonly lossTokens: number;
  readonly heldOutLossBase: number | null;
  readonly heldOutLossAdapter: number | null;
  /** After how many steps the held-out loss was last measured; -1: never. */
  readonly heldOutSteps: number;
}

export const startOfTraining: TrainProgress = {
  steps: 0,
  tokens: 0,
  lossTokens: 0,
  heldOutLossBase: null,
  heldOutLossAdapter: null,
  heldOutSteps: -1,
};

const kept = 2;

export class TrainingCheckpoints {
  readonly #folder: string;
  readonly #jobHash: string;

  /** `jobHash`: of everything that decides the adapter, so that another training is never continued. */
  constructor(folder: string, jobHash: string) {
    this.#folder = folder;
    this.#jobHash = jobHash;
  }

  async save(trainer: NativeTrainer, progress: TrainProgress): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await trainer.saveCheckpoint(this.#file(progress.steps, 'gguf'));
    const content = JSON.stringify({ job: this.#jobHash, ...progress });
    writeFileAtomically(this.#file(progress.steps, 'json'), `${content}\n`);
    for (const steps of this.#steps().slice(kept)) {
      rmSync(this.#file(steps, 'json'), { force: true });
      rmSync(this.#file(steps, 'gguf'), { force: true });
    }
  }

  /** Brings the trainer to the last checkpoint that can be read; null where there is none. Throws `run-changed` where the
   *  folder belongs to another training. */
  async restore(trainer: NativeTrainer): Promise<TrainProgress | null> {
    let failure: unknown;
    for (const steps of this.#steps()) {
      try {
        const progress = this.#read(steps);
        await trainer.loadCheckpoint(this.#file(steps, 'gguf'));
        return progress;
      } catch (error) {
        if (error instanceof IsheepError) throw error;
        failure ??= fromNative(error); // a damaged file: the one before may be whole
      }
    }
    if (failure !== undefined) throw failure;
    return null;
  }

  #read(steps: number): TrainProgress {
    const { job, ...progress } = JSON.parse(readFileSync(this.#file(steps, 'json'), 'utf8')) as TrainProgress & {
      job: string;
    };
    if (job === this.#jobHash) return progress;
    throw new IsheepError('run-changed', `${this.#folder} holds a checkpoint of another training`, {
      hint: 'use the data and settings that it was started with, or another folder for checkpoints',
    });
  }

  #file(steps: number, extension: string): string {
    return path.join(this.#folder, `step-${String(steps).padStart(6, '0')}.${extension}`);
  }

  /** Steps of the checkpoints that are whole, the newest first. */
  #steps(): number[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      return []; // no folder yet
    }
    const found = names.map((name) => /^step-(\d+)\.json$/.exec(name)?.[1]).filter((steps) => steps !== undefined);
    return found.map(Number).sort((a, b) => b - a);
  }
}
