// Writes small GGUF files, good and bad ones, as the tests need them. Format: ggml's docs/gguf.md, version 3.
import { writeFileSync } from 'node:fs';

export type GgufValue =
  { type: 'string'; value: string } | { type: 'float32'; value: number } | { type: 'uint32'; value: number };

export interface GgufTensor {
  name: string;
  /** Fastest dimension first, as ggml counts. */
  shape: readonly number[];
  values: Float32Array;
}

const typeNumbers = { uint32: 4, float32: 6, string: 8 } as const;
const alignment = 32;

export function writeGguf(
  file: string,
  keys: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): void {
  const header: Buffer[] = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(Object.keys(keys).length)];
  for (const [key, { type, value }] of Object.entries(keys)) {
    header.push(string(key), uint32(typeNumbers[type]));
    header.push(type === 'string' ? string(value) : type === 'float32' ? float32(value) : uint32(value));
  }
  let offset = 0;
  const data: Buffer[] = [];
  for (const { name, shape, values } of tensors) {
    header.push(string(name), uint32(shape.length), ...shape.map(uint64), uint32(0), uint64(offset));
    const bytes = padded(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    data.push(bytes);
    offset += bytes.length;
  }
  writeFileSync(file, Buffer.concat([padded(Buffer.concat(header)), ...data]));
}

function padded(buffer: Buffer): Buffer {
  return Buffer.concat([buffer, Buffer.alloc((alignment - (buffer.length % alignment)) % alignment)]);
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function uint64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function float32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}
