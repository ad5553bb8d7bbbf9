import { expect, it } from 'vitest';

import type { ScoreRequest } from '../../../../src/engine/engine.js';
import { inPairs } from '../../../../src/stages/assess/progress.js';

const request = (text: string, continuation: string): ScoreRequest => ({ id: text, prompt: { text }, continuation });

it('counts a request by its length, and all of them as all pairs', () => {
  const long = request('a response of many words', ' and the task that it answers, after it');
  const short = request('', 'the task');
  const told: number[] = [];
  const options = inPairs({ onProgress: ({ done }) => told.push(done) }, 100, [long, long, short, short]);
  for (const done of [1, 2, 3, 4]) options.onProgress?.({ done, tokens: 0 });
  expect(told).toEqual([43, 87, 93, 100]);
});

it('is content with empty requests, messages and nobody to tell', () => {
  expect(inPairs({}, 3, [])).toEqual({});
  const told: number[] = [];
  const chat = (content: string) => ({ id: content, prompt: { messages: [{ role: 'user' as const, content }] } });
  const requests = [request('', ''), { ...chat('Hello, you.'), continuation: '' }];
  const { onProgress } = inPairs({ onProgress: ({ done }) => told.push(done) }, 13, requests);
  for (const done of [1, 2]) onProgress?.({ done, tokens: 0 });
  expect(told).toEqual([1, 13]);
});
