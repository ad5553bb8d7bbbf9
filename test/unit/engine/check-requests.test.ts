import { expect, test } from 'vitest';

import { checkGenerateRequests, checkModelOptions, checkScoreRequests } from '../../../src/engine/check-requests.js';
import type { GenerateRequest, ScoreRequest } from '../../../src/engine/engine.js';

const good: GenerateRequest = {
  id: 'a',
  prompt: { text: 'x' },
  maxTokens: 5,
  stop: ['.'],
  sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0 },
  seed: 1,
};

function messageOf(body: () => void): string {
  try {
    body();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test('a good request passes', () => {
  expect(messageOf(() => checkGenerateRequests([good]))).toBe('');
});

test('every problem of every request is told at once', () => {
  const bad = {
    ...good,
    id: 'b',
    maxTokens: 1.5,
    stopAtRepetition: -2,
    seed: -1,
    sampling: { ...good.sampling, temperature: NaN },
  };
  expect(messageOf(() => checkGenerateRequests([bad, { ...good, stop: [''] }]))).toBe(
    'request b: maxTokens must be a whole number from 0; it is 1.5; ' +
      'request b: stopAtRepetition must be a whole number from 0; it is -2; ' +
      'request b: seed must be a whole number from 0 to 4294967295; it is -1; ' +
      'request b: temperature must be a number from 0; it is NaN; ' +
      'request a: stop must be texts that are not empty; it is [""]',
  );
});

test('of many problems the first five are told, and how many more there are', () => {
  const bad = Array.from({ length: 8 }, () => ({ ...good, maxTokens: -1 }));
  expect(messageOf(() => checkGenerateRequests(bad))).toMatch(/; and 3 more$/);
});

test('a grammar is a text', () => {
  expect(messageOf(() => checkGenerateRequests([{ ...good, grammar: '' }]))).toBe(
    'request a: grammar must be a text that is not empty; it is ""',
  );
});

test('messages and continuations are checked', () => {
  expect(messageOf(() => checkGenerateRequests([{ ...good, prompt: { messages: [] } }]))).toBe(
    'request a: messages must be at least one message; it is []',
  );
  const score = { id: 's', prompt: { text: 'x' }, continuation: 3 } as unknown as ScoreRequest;
  expect(messageOf(() => checkScoreRequests([score]))).toBe('request s: continuation must be a text; it is 3');
});

test('the options of a model are checked', () => {
  expect(messageOf(() => checkModelOptions({ path: '', threads: -1, batch: { parallel: 500 } }))).toBe(
    'path must be the path of a GGUF file; it is ""; threads must be a whole number from 0 to 1024; it is -1; ' +
      'parallel must be a whole number from 1 to 256; it is 500',
  );
});
