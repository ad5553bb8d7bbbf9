// Reads the tensors of a GGUF that are all F32, an adapter or a tiny model, by name. For files that our own code or a test
// wrote.
import { readFileSync } from 'node:fs';

const alignment = 32;
const sizes: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const stringType = 8;
const arrayType = 9;

export function readFloatTensors(file: string): Map<string, Float32Array> {
  const bytes = readFileSync(file);
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
  const described = Array.from({ length: tensors }, () => {
    const name = text();
    const shape = Array.from({ length: uint32() }, uint64);
    if (uint32() !== 0) fail(file, `${name} is not F32`);
    return { name, count: shape.reduce((product, n) => product * n, 1), offset: uint64() };
  });
  const start = Math.ceil(at / alignment) * alignment;
  return new Map(
    described.map(({ name, count, offset }) => {
      const from = bytes.byteOffset + start + offset;
      return [name, new Float32Array(bytes.buffer.slice(from, from + 4 * count))];
    }),
  );
}

function fail(file: string, what: string): never {
  throw new Error(`${file}: ${what} is not read here`);
}
