// The checkpoints of one training in a folder: the trainer's state in step-<n>.gguf, and beside it, written last, what the
// façade knows in step-<n>.json. The last two are kept; each holds the best adapter so far.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import type { NativeTrainer } from '../native/addon-types.js';
import { writeFileAtomically } from '../shared/atomic-file.js';
import { fromNative, IsheepError } from '../shared/errors.js';

const progressSchema = z.object({
  steps: z.number(),
  tokens: z.number(),
  lossTokens: z.number(),
  heldOutLossBase: z.number().nullable(),
  /** Of the last look. */
  heldOutLossLast: z.number().nullable(),
  /** After how many steps the held-out loss was last measured; -1: never. */
  heldOutSteps: z.number(),
  /** The lowest held-out loss after a step, and after which. */
  best: z.object({ step: z.number(), loss: z.number() }).nullable(),
  /** Looks at the held-out samples since the best one. */
  looksSinceBest: z.number(),
  stoppedEarly: z.boolean(),
});

/** What has happened up to a step; the training goes on from here. */
export type TrainProgress = Readonly<z.infer<typeof progressSchema>>;

export const startOfTraining: TrainProgress = {
  steps: 0,
  tokens: 0,
  lossTokens: 0,
  heldOutLossBase: null,
  heldOutLossLast: null,
  heldOutSteps: -1,
  best: null,
  looksSinceBest: 0,
  stoppedEarly: false,
};

/** All that decides the adapter, by name, so that another training is never continued and what differs can be told. */
export type JobIdentity = Readonly<Record<string, string>>;

/** Name of the base in a JobIdentity. */
export const baseKey = 'base';

const checkpointSchema = progressSchema.extend({ job: z.record(z.string(), z.string()) });

const kept = 2;

export class TrainingCheckpoints {
  readonly #folder: string;
  readonly #job: JobIdentity;

  constructor(folder: string, job: JobIdentity) {
    this.#folder = folder;
    this.#job = job;
  }

  async save(trainer: NativeTrainer, progress: TrainProgress): Promise<void> {
    mkdirSync(this.#folder, { recursive: true });
    await trainer.saveCheckpoint(this.#file(progress.steps, 'gguf'));
    const content = JSON.stringify({ job: this.#job, ...progress });
    writeFileAtomically(this.#file(progress.steps, 'json'), `${content}\n`);
    this.#removeOld();
  }

  /** Brings the trainer to the last checkpoint that can be read; null where there is none. Throws `run-changed`, naming what
   *  differs, where the folder belongs to another training. */
  async restore(trainer: NativeTrainer): Promise<TrainProgress | null> {
    const failures: unknown[] = [];
    for (const steps of this.#steps()) {
      try {
        const { job, ...progress } = checkpointSchema.parse(
          JSON.parse(readFileSync(this.#file(steps, 'json'), 'utf8')),
        );
        this.#refuseOther(job);
        await trainer.loadCheckpoint(this.#file(steps, 'gguf'));
        return progress;
      } catch (error) {
        if (error instanceof IsheepError) throw error;
        failures.push(fromNative(error)); // a damaged file: the one before may be whole
      }
    }
    if (failures.length > 0) throw this.#unreadable(failures[0]);
    return null;
  }

  #refuseOther(job: JobIdentity): void {
    const names = [...new Set([...Object.keys(job), ...Object.keys(this.#job)])];
    const different = names.filter((name) => job[name] !== this.#job[name]);
    if (different.length === 0) return;
    if (different.includes(baseKey)) {
      throw new IsheepError('run-changed', `the base is another one than that of the checkpoint in ${this.#folder}`, {
        hint: 'put the model back that it was started with, or give another folder for checkpoints',
      });
    }
    const inWords = (name: string) => `${name} was ${shortened(job[name])}, is now ${shortened(this.#job[name])}`;
    throw new IsheepError(
      'run-changed',
      `${this.#folder} holds a checkpoint of another training: ${different.map(inWords).join('; ')}`,
      { hint: 'use the data and settings that it was started with, or another folder for checkpoints' },
    );
  }

  #unreadable(cause: unknown): IsheepError {
    const why = cause instanceof IsheepError ? cause.message : 'its JSON file is damaged, or of another version';
    return new IsheepError('bad-input', `no checkpoint in ${this.#folder} can be read: ${why}`, {
      hint: 'remove the folder to start anew',
      cause,
    });
  }

  /** Removes all checkpoints but the last, and what a kill left of one that was being written. */
  #removeOld(): void {
    const steps = this.#steps().slice(0, kept);
    const wanted = new Set(steps.flatMap((n) => [this.#file(n, 'json'), this.#file(n, 'gguf')]));
    for (const name of readdirSync(this.#folder)) {
      const file = path.join(this.#folder, name);
      if (/^step-\d+\./.test(name) && !wanted.has(file)) rmSync(file, { force: true });
    }
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

/** A hash in so much that it can be told from another. */
function shortened(value = 'not set'): string {
  return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 12) : value;
}
