import { describe, expect, test } from 'vitest';

import { modelBytes } from '../../../src/bench/random-model.js';
import { fewLayers, type Shape, shapes, tensorsOf, wholeLayers } from '../../../src/bench/shapes.js';

// What the models' cards and weight files say.
const published = {
  'smollm2-135m': 134_515_008,
  'tinyllama-1.1b': 1_100_048_384,
  'qwen2.5-1.5b': 1_543_714_304,
  'qwen2.5-3b': 3_085_938_688,
  'llama-2-7b': 6_738_415_616,
  'qwen2.5-7b': 7_615_616_512,
  'llama-3.1-8b': 8_030_261_248,
} as const;

function parameters(shape: Shape): number {
  const counts = tensorsOf(shape, wholeLayers(shape)).map((tensor) => tensor.shape[0] * (tensor.shape[1] ?? 1));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('a shape', () => {
  test.each(Object.entries(published))('%s has as many parameters as were published', (name, count) => {
    expect(parameters(shapes[name as keyof typeof published])).toBe(count);
  });

  test('there is none whose parameters are not checked', () => {
    expect(Object.keys(published)).toEqual(Object.keys(shapes));
  });

  // Size of the published Q4_K_M file, which has a tokenizer of 1.7 MB, too.
  test('tinyllama-1.1b in Q4_K_M is as large as the published file without its tokenizer', () => {
    const shape = shapes['tinyllama-1.1b'];
    expect(modelBytes(shape, wholeLayers(shape)) / 1e6).toBeCloseTo(668.8 - 1.7, 0);
  });
});

describe('few layers', () => {
  test('have as many of each kind, and whole models nearly so', () => {
    expect(fewLayers(4)).toEqual(['plain', 'more-bits', 'plain', 'more-bits']);
    for (const shape of Object.values(shapes)) {
      const share = wholeLayers(shape).filter((kind) => kind === 'more-bits').length / shape.layers;
      expect(share).toBeGreaterThanOrEqual(0.45);
      expect(share).toBeLessThanOrEqual(0.5);
    }
  });
});
