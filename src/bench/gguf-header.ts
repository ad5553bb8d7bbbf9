// The beginning of a GGUF file: its keys, and where each tensor lies in the data that follows. Format: ggml's docs/gguf.md,
// version 3. Leaves out arrays and other types of keys, which nothing here writes.

export type GgufValue =
  { type: 'string'; value: string } | { type: 'float32'; value: number } | { type: 'uint32'; value: number };

export interface GgufTensorInfo {
  name: string;
  /** Fastest dimension first, as ggml counts. */
  shape: readonly number[];
  /** ggml's number of it. */
  type: number;
  bytes: number;
}

const typeNumbers = { uint32: 4, float32: 6, string: 8 } as const;
/** Of the header and of each tensor, bytes: what files have that do not say. */
const alignment = 32;

/** Filled up with zeros. The data follows, each tensor filled up by `padding`. */
export function ggufHeader(keys: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensorInfo[]): Buffer {
  const parts = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(Object.keys(keys).length)];
  for (const [key, { type, value }] of Object.entries(keys)) {
    parts.push(string(key), uint32(typeNumbers[type]));
    parts.push(type === 'string' ? string(value) : type === 'float32' ? float32(value) : uint32(value));
  }
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    parts.push(string(name), uint32(shape.length), ...shape.map(uint64), uint32(type), uint64(offset));
    offset += bytes + padding(bytes);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(padding(length))]);
}

/** Bytes to the next multiple of the alignment. */
export function padding(bytes: number): number {
  return (alignment - (bytes % alignment)) % alignment;
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
