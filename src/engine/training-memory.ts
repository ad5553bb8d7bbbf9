// What a training may take of the machine's memory, and what was chosen by it: the choice is kept beside the checkpoints,
// because it decides how products round, and a training that goes on has to go on with it.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import type { CopiedWeights, NativeForecastOptions } from '../native/addon-types.js';
import { writeFileAtomically } from '../shared/atomic-file.js';
import type { TrainerSettings } from './engine.js';
import { freeBytes } from './memory.js';

const MiB = 1024 * 1024;

/** Of what is free: other programs go on, and a forecast is a forecast. */
const shareOfFree = 0.8;

const choicesSchema = z.object({ copiedWeights: z.enum(['none', 'transposed', 'all']) });

type MemoryOptions = Pick<
  NativeForecastOptions,
  'memoryBytes' | 'processBytes' | 'freeHostBytes' | 'copiedWeights' | 'activations' | 'longestSample'
>;

/** `chosen`: by this training when it was started; null where it starts now. `before`: bytes that the process has. */
export function memoryOptions(
  settings: Pick<TrainerSettings, 'memory' | 'copiedWeights' | 'activations'>,
  lengths: readonly number[],
  chosen: CopiedWeights | null,
  before: number,
): MemoryOptions {
  const { memory, copiedWeights, activations } = settings;
  return {
    memoryBytes: memory === undefined ? 0 : memory * MiB,
    processBytes: before,
    freeHostBytes: Math.floor(shareOfFree * freeBytes()),
    copiedWeights: copiedWeights === 'auto' ? (chosen ?? 'auto') : copiedWeights,
    activations,
    longestSample: lengths.reduce((longest, length) => Math.max(longest, length), 1),
  };
}

export function readChosenCopies(checkpointDir: string | undefined): CopiedWeights | null {
  if (checkpointDir === undefined) return null;
  try {
    return choicesSchema.parse(JSON.parse(readFileSync(choicesFile(checkpointDir), 'utf8'))).copiedWeights;
  } catch {
    return null; // none yet
  }
}

export function writeChosenCopies(checkpointDir: string | undefined, copiedWeights: CopiedWeights): void {
  if (checkpointDir === undefined) return;
  mkdirSync(checkpointDir, { recursive: true });
  writeFileAtomically(choicesFile(checkpointDir), `${JSON.stringify({ copiedWeights })}\n`);
}

function choicesFile(checkpointDir: string): string {
  return path.join(checkpointDir, 'choices.json');
}
