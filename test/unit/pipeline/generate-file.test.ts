import { expect, test } from 'vitest';

import type { Generator } from '../../../src/engine/engine.js';
import { generateFile } from '../../../src/pipeline/verbs/generate.js';

const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
const job = { maxTokens: 4, sampling, stop: [], seed: 1 };

test('a row is what a completion is from outside, or says why there is none', async () => {
  const lines: string[] = [];
  const model: Generator = {
    generate: () =>
      Promise.resolve([
        { id: 'a', text: 'Yes.', tokens: 2, stop: 'end', logprob: -1, written: { logprob: -1, tokens: 1, end: -0.5 } },
        { id: 'b', error: { code: 'bad-input', message: 'request b is too long' } },
      ]),
  };
  const rows = [
    { id: 'a', prompt: 'A', topic: 'kept' },
    { id: 'b', prompt: 'B' },
  ];
  const result = await generateFile({ ...job, out: { print: (text) => lines.push(text) } }, rows, model);
  expect(
    lines
      .join('')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toEqual([
    { topic: 'kept', id: 'a', text: 'Yes.', tokens: 2, stop: 'end', logprob: -1 },
    { id: 'b', error: { code: 'bad-input', message: 'request b is too long' } },
  ]);
  expect(result).toMatchObject({
    completions: 1,
    tokens: 2,
    failed: { rows: 1, first: { id: 'b', message: 'request b is too long' } },
  });
});
