// Models of a published shape with random weights, written in seconds: the quantized blocks are made as they are stored,
// a few thousand of them repeated over each matrix. Products take the same time whatever the numbers, and what such a model
// says means nothing; its loss is finite. No tokenizer: samples are token ids.
import { closeSync, openSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from '../shared/errors.js';
import { randomStream } from '../shared/random.js';
import { ggufHeader, type GgufValue, padding } from './gguf-header.js';
import { type LayerKind, type Shape, type ShapeTensor, tensorsOf, type WeightType } from './shapes.js';

interface BlockForm {
  /** ggml's number of the type. */
  number: number;
  weights: number;
  bytes: number;
  /** Standard deviation of a weight where the scale is 1 and all other bits are random. */
  deviation: number;
  /** Makes a block of random bytes one of that scale, a half float. */
  setScale: (block: Buffer, scale: number) => void;
}

/** Layouts: ggml-common.h. Uniform integers of n steps have the deviation sqrt((n² - 1) / 12). */
const forms: Readonly<Record<Exclude<WeightType, 'F32'>, BlockForm>> = {
  // 4 bits q; all eight parts have the scale 8 and the minimum 8, six bits each: d · 8 · q - dmin · 8.
  Q4_K: form(12, 256, 144, 8 * uniformDeviation(16), (block, scale) => {
    block.writeUInt16LE(halfFloat(scale), 0);
    block.writeUInt16LE(halfFloat(7.5 * scale), 2); // the middle of 0 … 15
    block.fill(8, 4, 12).fill(0x88, 12, 16);
  }),
  // 6 bits from -32; sixteen parts have scales of 8 bits, here 1.
  Q6_K: form(14, 256, 210, uniformDeviation(64), (block, scale) => {
    block.fill(1, 192, 208).writeUInt16LE(halfFloat(scale), 208);
  }),
  // 5 bits from -16.
  Q5_0: form(6, 32, 22, uniformDeviation(32), (block, scale) => void block.writeUInt16LE(halfFloat(scale), 0)),
  Q8_0: form(8, 32, 34, uniformDeviation(256), (block, scale) => void block.writeUInt16LE(halfFloat(scale), 0)),
};

const floatNumber = 0; // ggml's number of F32
/** A prime, so that rows begin at other blocks and are not alike. */
const blocksOfPattern = 4099;

/** Bytes of the file that `writeRandomModel` writes. */
export function modelBytes(shape: Shape, layers: readonly LayerKind[]): number {
  const infos = tensorsOf(shape, layers).map(infoOf);
  const data = infos.reduce((sum, { bytes }) => sum + bytes + padding(bytes), 0);
  return ggufHeader(keysOf(shape, layers.length), infos).length + data;
}

/** Throws `not-enough-disk`. */
export function writeRandomModel(file: string, shape: Shape, layers: readonly LayerKind[]): void {
  checkDisk(path.dirname(file), modelBytes(shape, layers));
  const tensors = tensorsOf(shape, layers);
  const patterns = new Map<string, Buffer>();
  const output = openSync(file, 'w');
  try {
    writeSync(output, ggufHeader(keysOf(shape, layers.length), tensors.map(infoOf)));
    for (const [i, tensor] of tensors.entries()) {
      const { bytes } = infoOf(tensor);
      const key = `${tensor.type} ${tensor.shape[0]} ${isBias(tensor)}`;
      const pattern = patterns.get(key) ?? patternOf(tensor);
      patterns.set(key, pattern);
      writeRepeated(output, pattern, (((i * 1009) % blocksOfPattern) * pattern.length) / blocksOfPattern, bytes);
      writeSync(output, Buffer.alloc(padding(bytes)));
    }
  } finally {
    closeSync(output);
  }
}

/** From `start` on, so that no two matrices begin alike. */
function writeRepeated(output: number, pattern: Buffer, start: number, bytes: number): void {
  for (let left = bytes, from = start; left > 0; from = 0) {
    left -= writeSync(output, pattern, from, Math.min(left, pattern.length - from));
  }
}

function keysOf(shape: Shape, layers: number): Record<string, GgufValue> {
  const { architecture: name } = shape;
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const whole = (value: number): GgufValue => ({ type: 'uint32', value });
  const float = (value: number): GgufValue => ({ type: 'float32', value });
  return {
    'general.architecture': text(name),
    'general.type': text('model'),
    'general.name': text('random weights'),
    [`${name}.block_count`]: whole(layers),
    [`${name}.context_length`]: whole(4096),
    [`${name}.embedding_length`]: whole(shape.width),
    [`${name}.feed_forward_length`]: whole(shape.feedForward),
    [`${name}.attention.head_count`]: whole(shape.heads),
    [`${name}.attention.head_count_kv`]: whole(shape.kvHeads),
    [`${name}.attention.layer_norm_rms_epsilon`]: float(1e-5),
    [`${name}.rope.dimension_count`]: whole(shape.width / shape.heads),
    [`${name}.rope.freq_base`]: float(shape.ropeBase),
    [`${name}.vocab_size`]: whole(shape.vocabulary),
    'tokenizer.ggml.model': text('none'),
  };
}

function infoOf({ name, type, shape }: ShapeTensor) {
  const weights = shape[0] * (shape[1] ?? 1);
  if (type === 'F32') return { name, shape, type: floatNumber, bytes: 4 * weights };
  const { number, weights: ofBlock, bytes } = forms[type];
  return { name, shape, type: number, bytes: (weights / ofBlock) * bytes };
}

function isBias({ name }: ShapeTensor): boolean {
  return name.endsWith('.bias');
}

/** Matrices keep the size of what they multiply (deviation 1 / sqrt(in)); norms are 1, biases 0. */
function patternOf(tensor: ShapeTensor): Buffer {
  const { type } = tensor;
  const [n_in] = tensor.shape;
  if (type === 'F32') return Buffer.from(new Float32Array(blocksOfPattern).fill(isBias(tensor) ? 0 : 1).buffer);
  const { bytes, deviation, setScale } = forms[type];
  const random = randomStream(n_in);
  const pattern = Buffer.alloc(blocksOfPattern * bytes);
  for (let i = 0; i < pattern.length; i++) pattern[i] = Math.floor(random() * 256);
  for (let at = 0; at < pattern.length; at += bytes) {
    setScale(pattern.subarray(at, at + bytes), 1 / Math.sqrt(n_in) / deviation);
  }
  return pattern;
}

/** The bits of the nearest half float; `value` from its smallest normal number, 2^-14, to below 2^15. */
function halfFloat(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  return ((exponent + 15) << 10) + Math.round((value / 2 ** exponent - 1) * 1024);
}

function uniformDeviation(steps: number): number {
  return Math.sqrt((steps ** 2 - 1) / 12);
}

function form(
  number: number,
  weights: number,
  bytes: number,
  deviation: number,
  setScale: BlockForm['setScale'],
): BlockForm {
  return { number, weights, bytes, deviation, setScale };
}

function checkDisk(folder: string, needed: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= needed) return;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new IsheepError(
    'not-enough-disk',
    `the random model needs ${mebibytes(needed)}; ${folder} has ${mebibytes(bavail * bsize)}`,
    { hint: 'free some space, or name another folder in the environment variable TMPDIR' },
  );
}
