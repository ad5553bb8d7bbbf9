import { expect, test } from 'vitest';

import { resolveConfig } from '../../../src/config/resolve.js';

function problemsOf(values: Record<string, unknown>): string[] {
  const flags = new Map(Object.entries(values).map(([key, value]) => [key, { value, name: `--${key}` }]));
  try {
    resolveConfig({ flags });
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

test('an endpoint needs an address, and its settings need an endpoint', () => {
  expect(problemsOf({ engine: 'openai' })).toEqual(['--engine openai needs baseUrl, such as http://127.0.0.1:8080/v1']);
  expect(problemsOf({ engineModel: 'a', engineRetries: 0 })).toEqual([
    '--engineModel has no meaning without engine openai',
    '--engineRetries has no meaning without engine openai',
  ]);
});

test.each([
  ['http://127.0.0.1:8080/v1', undefined],
  ['https://models.example.org/api/v1/', undefined],
  ['localhost:8080', 'is not http or https'],
  ['ftp://a/v1', 'is not http or https'],
  ['8080', '"8080" is none'],
  ['http://a/v1?x=1', 'has more than a path'],
  ['http://a/v1#x', 'has more than a path'],
  ['http://name:secret@a/v1', 'must not hold a name or a password'],
])('the address %s', (baseUrl, problem) => {
  const problems = problemsOf({ engine: 'openai', baseUrl });
  expect(problems).toHaveLength(problem === undefined ? 0 : 1);
  expect(problems.join()).toContain(problem ?? '');
  expect(problems.join()).not.toContain('secret');
});
