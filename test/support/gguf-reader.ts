// Reads the tensors of a GGUF by name: their numbers where they are floats, as of an adapter or a tiny model, or what they are.
// For files that our own code, a test or llama.cpp wrote.
import { readFileSync } from 'node:fs';

const alignment = 32;
const sizes: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const stringType = 8;
const arrayType = 9;

interface TensorInfo {
  name: string;
  /** Fastest dimension first, as ggml counts. */
  shape: number[];
  /** ggml's number. */
  type: number;
  /** From the start of the file. */
  offset: number;
}

export function readFloatTensors(file: string): Map<string, Float32Array> {
  const bytes = readFileSync(file);
  return new Map(
    readInfos(file, bytes).map(({ name, shape, type, offset }) => {
      if (type !== 0) fail(file, `${name}, which is not F32,`);
      const count = shape.reduce((product, n) => product * n, 1);
      const from = bytes.byteOffset + offset;
      return [name, new Float32Array(bytes.buffer.slice(from, from + 4 * count))];
    }),
  );
}

/** Of F16 and F32 tensors, the numbers; others are left out. */
export function readHalfTensors(file: string): Map<string, Float32Array> {
  const bytes = readFileSync(file);
  const found = new Map<string, Float32Array>();
  for (const { name, shape, type, offset } of readInfos(file, bytes)) {
    const count = shape.reduce((product, n) => product * n, 1);
    const numberAt =
      type === 0
        ? (i: number) => bytes.readFloatLE(offset + 4 * i)
        : (i: number) => half(bytes.readUInt16LE(offset + 2 * i));
    if (type === 0 || type === 1)
      found.set(
        name,
        Float32Array.from({ length: count }, (_, i) => numberAt(i)),
      );
  }
  return found;
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Shape and type of each tensor. */
export function readTensorInfos(file: string): Map<string, { shape: number[]; type: number }> {
  return new Map(readInfos(file, readFileSync(file)).map(({ name, shape, type }) => [name, { shape, type }]));
}

function readInfos(file: string, bytes: Buffer): TensorInfo[] {
  let at = 8;
  const uint32 = () => bytes.readUInt32LE((at += 4) - 4);
  const uint64 = () => Number(bytes.readBigUInt64LE((at += 8) - 8));
  const text = () => {
    const length = uint64();
    return bytes.toString('utf8', at, (at += length));
  };
  const skip = (type: number): void => {
    if (type === stringType) text();
    else if (type === arrayType) {
      const itemType = uint32();
      const count = uint64();
      for (let i = 0; i < count; i++) skip(itemType);
    } else at += sizes[type] ?? fail(file, `metadata of type ${type}`);
  };
  const tensors = uint64();
  const keys = uint64();
  for (let i = 0; i < keys; i++) {
    text();
    skip(uint32());
  }
  const infos = Array.from({ length: tensors }, () => {
    const name = text();
    const shape = Array.from({ length: uint32() }, uint64);
    return { name, shape, type: uint32(), offset: uint64() };
  });
  const start = Math.ceil(at / alignment) * alignment;
  return infos.map((info) => ({ ...info, offset: start + info.offset }));
}

function fail(file: string, what: string): never {
  throw new Error(`${file}: ${what} is not read here`);
}
