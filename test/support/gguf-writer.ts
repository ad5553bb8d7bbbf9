// Writes small GGUF files of F32 tensors, good and bad ones, as the tests need them.
import { writeFileSync } from 'node:fs';

import { ggufHeader, type GgufValue, padding } from '../../src/bench/gguf-header.js';

export type { GgufValue } from '../../src/bench/gguf-header.js';

export interface GgufTensor {
  name: string;
  /** Fastest dimension first, as ggml counts. */
  shape: readonly number[];
  values: Float32Array;
}

const float = 0; // ggml's number of F32

export function writeGguf(
  file: string,
  keys: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): void {
  const header = ggufHeader(
    keys,
    tensors.map(({ values, ...tensor }) => ({ ...tensor, type: float, bytes: values.byteLength })),
  );
  const data = tensors.flatMap(({ values }) => [
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
    Buffer.alloc(padding(values.byteLength)),
  ]);
  writeFileSync(file, Buffer.concat([header, ...data]));
}
