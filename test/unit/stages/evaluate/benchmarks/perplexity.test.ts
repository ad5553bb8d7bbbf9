import { expect, it } from 'vitest';

import { cutWindows, perplexity } from '../../../../../src/stages/evaluate/benchmarks/perplexity.js';
import { FakeModel } from '../../../../support/fake-model.js';
import { temporaryFile } from '../../../../support/temporary-folder.js';

const settings = { seed: 1 };

it('cuts a text into windows that are all of it, each but the first from a single space or line end on', () => {
  const text = Array.from({ length: 2000 }, (_, i) => `word${i}${i % 9 === 0 ? '\n\n' : ' '}`)
    .join('')
    .trim();
  const windows = cutWindows(`\n${text}\n\n`);
  expect(windows.join('')).toBe(text);
  expect(windows.length).toBeGreaterThan(5);
  windows.slice(0, -1).forEach((window) => expect(window.length).toBeGreaterThan(1000));
  windows.forEach((window) => expect(window.length).toBeLessThanOrEqual(2000));
  windows.slice(1).forEach((window) => expect(window).toMatch(/^ \S/));
});

it('cuts no character in two where there is no space', () => {
  const windows = cutWindows(`x${'😀'.repeat(2500)}`);
  windows.forEach((window) => expect(window).not.toMatch(/\p{Surrogate}/u));
  expect(windows.join('')).toHaveLength(5001);
});

it('scores each window behind the one before, as a sum over tokens', async () => {
  const data = temporaryFile('t.txt', 'one two three '.repeat(300));
  const items = perplexity.readItems({ data }, settings);
  expect(items.map(({ before }) => before)).toEqual(['', ...items.slice(0, -1).map(({ text }) => text)]);
  const model = new FakeModel({ read: () => ({ logprob: -6, tokens: 3 }), fails: ({ id }) => id === '1' });
  const answers = await perplexity.answer(items, model, settings, {});
  const results = await perplexity.score(items, answers, { settings, call: {}, files: {} });
  expect(results.map(({ shares }) => shares.perplexity)).toEqual([
    { value: 6, weight: 3 },
    undefined,
    { value: 6, weight: 3 },
  ]);
  expect(results[1]?.details.error).toMatch(/too long/);
  expect(perplexity.metrics[0]?.of?.(2)).toBeCloseTo(Math.exp(2));
});

it('refuses a text that is empty', () => {
  expect(() => perplexity.readItems({ data: temporaryFile('t.txt', ' \n') }, settings)).toThrow(/holds no items/);
});
