// Tiny random models for tests, written by the program that native/test/ builds; one file per set of options and process.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { testProgram } from './test-program.js';

/** Options of make-tiny-model beside seed and type; native/test/tiny-model.h describes each. */
export interface TinyModelOptions {
  seed?: number;
  /** ggml's name: f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q4_K, q6_K… */
  type?: string;
  width?: number;
  feedForward?: number;
  layers?: number;
  heads?: number;
  kvHeads?: number;
  context?: number;
  tied?: boolean;
  headDim?: number;
  window?: number;
  windowPeriod?: number;
  extraTensor?: string;
  dequantized?: boolean;
  ropeFactors?: boolean;
  ropeScale?: number;
  attentionBias?: boolean;
  experts?: number;
  architecture?: string;
  chatTemplate?: boolean;
}

let folder: string | undefined;

function temporaryFolder(): string {
  if (folder) return folder;
  const created = mkdtempSync(path.join(os.tmpdir(), 'isheep-tiny-'));
  process.on('exit', () => rmSync(created, { recursive: true, force: true }));
  folder = created;
  return created;
}

/** Path of a tiny model with random weights, made in milliseconds; the same options give the same file. */
export function tinyModel(options: TinyModelOptions = {}): string {
  const { seed = 1, type = 'f32', ...rest } = options;
  const flags = Object.entries(rest).flatMap(([key, value]) => [
    `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    typeof value === 'boolean' ? String(Number(value)) : String(value),
  ]);
  const name = ['tiny', seed, type, ...flags.map((flag) => flag.replace(/^--/, ''))].join('-');
  const file = path.join(temporaryFolder(), `${name}.gguf`);
  if (!existsSync(file)) execFileSync(testProgram('make-tiny-model'), [file, String(seed), type, ...flags]);
  return file;
}
