// LoRA adapters of random numbers for a tiny model, as llama.cpp reads them.
import { deriveSeed, randomStream } from '../../src/shared/random.js';
import { readTensorInfos } from './gguf-reader.js';
import { writeGguf, type GgufTensor, type GgufValue } from './gguf-writer.js';

export interface RandomAdapter {
  seed: number;
  /** Numbers lie within half of this around 0. */
  size: number;
  rank?: number;
  alpha?: number;
  /** llama by default. */
  architecture?: string;
  /** Further keys with texts. */
  more?: Readonly<Record<string, string>>;
  /** Whole numbers of -2 to 2 instead, times `size`: with a power of two every sum is exact. */
  whole?: boolean;
}

/** Writes an adapter for every matrix of the model's layers. */
export function randomAdapter(file: string, base: string, options: RandomAdapter): void {
  const { rank = 4, alpha = 8, architecture = 'llama' } = options;
  const matrices = [...readTensorInfos(base)].filter(
    ([name, { shape }]) => name.startsWith('blk.') && (shape[1] ?? 1) > 1,
  );
  const tensors = matrices.flatMap(
    ([
      name,
      {
        shape: [nIn = 1, nOut = 1],
      },
    ]): GgufTensor[] => [
      { name: `${name}.lora_a`, shape: [nIn, rank], values: numbers(nIn * rank, `${name}.a`, options) },
      { name: `${name}.lora_b`, shape: [rank, nOut], values: numbers(rank * nOut, `${name}.b`, options) },
    ],
  );
  const text = (value: string): GgufValue => ({ type: 'string', value });
  const keys: Record<string, GgufValue> = {
    'general.type': text('adapter'),
    'general.architecture': text(architecture),
    'adapter.type': text('lora'),
    'adapter.lora.alpha': { type: 'float32', value: alpha },
  };
  for (const [key, value] of Object.entries(options.more ?? {})) keys[key] = text(value);
  writeGguf(file, keys, tensors);
}

function numbers(n: number, name: string, { seed, size, whole = false }: RandomAdapter): Float32Array {
  const random = randomStream(deriveSeed(seed, name));
  return Float32Array.from({ length: n }, () => (whole ? Math.floor(random() * 5) - 2 : random() - 0.5) * size);
}
