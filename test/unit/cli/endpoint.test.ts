// The commands at an endpoint, from the words of the command line to what the server gets.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';

import { createEngine } from '../../../src/engine/create-engine.js';
import { endpointServer } from '../../support/endpoint-server.js';
import { isheep } from './support.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'isheep-endpoint-'));
});

function file(name: string, rows: readonly object[]): string {
  const place = path.join(folder, name);
  writeFileSync(place, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return place;
}

const key = 'sk-very-secret';
const run = (words: readonly string[]) => isheep(words, { createEngine, env: { ISHEEP_API_KEY: key } });
const prompts = [
  { id: 'a', messages: [{ role: 'user', content: 'Say something' }], topic: 'kept' },
  { id: 'b', prompt: 'And more' },
];
const pair = { id: 'p', instruction: 'Name a colour', response: 'Blue' };

test('generate asks the server, with the key of the environment, and needs no model file', async () => {
  const server = await endpointServer({ models: ['big'] });
  const out = path.join(folder, 'out.jsonl');
  const outcome = await run([
    ...['generate', '--prompts', file('prompts.jsonl', prompts), '--out', out, '--max-tokens', '5', '--parallel', '1'],
    ...['--engine', 'openai', '--base-url', server.baseUrl, '--model', 'no such file'],
  ]);
  expect(outcome).toMatchObject({ exitCode: 0, stdout: '' });
  expect(outcome.stderr).toContain(`model big at ${server.baseUrl}, messages as the server writes them`);
  expect(
    readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toEqual([
    { id: 'a', topic: 'kept', text: 'answer to Say something', tokens: 23, stop: 'end' },
    { id: 'b', text: 'answer to And more', tokens: 18, stop: 'end' },
  ]);
  expect(new Set(server.requests.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${key}`]));
  expect(outcome.stderr).not.toContain(key);
});

test('a server that refuses the key is told with the way to give one', async () => {
  const server = await endpointServer({ fault: () => ({ status: 401, body: `{"error":"bad key ${key}"}` }) });
  const words = ['generate', '--prompts', file('prompts.jsonl', prompts), '--engine', 'openai'];
  const outcome = await run([...words, '--base-url', server.baseUrl]);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toContain('error [bad-config]');
  expect(outcome.stderr).toContain('ISHEEP_API_KEY');
  expect(outcome.stderr).not.toContain(key);
});

test('options of a local model are refused, all at once', async () => {
  const server = await endpointServer();
  const words = ['generate', '--prompts', file('prompts.jsonl', prompts), '--engine', 'openai'];
  const outcome = await run([
    ...words,
    '--base-url',
    server.baseUrl,
    '--adapter',
    'x.gguf',
    '--chat-template',
    'chatml',
  ]);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toContain('--adapter');
  expect(outcome.stderr).toContain('--chat-template');
  expect(server.requests).toEqual([]);
});

test('offline forbids a server elsewhere', async () => {
  const words = ['generate', '--prompts', file('prompts.jsonl', prompts), '--engine', 'openai', '--offline'];
  const outcome = await run([...words, '--base-url', 'http://models.invalid/v1']);
  expect(outcome).toMatchObject({ exitCode: 2 });
  expect(outcome.stderr).toContain('--offline forbids');
});

test('assess says which ways to judge the server has, and score what it needs', async () => {
  const server = await endpointServer();
  const at = ['--engine', 'openai', '--base-url', server.baseUrl];
  const assess = ['assess', '--data', file('pairs.jsonl', [pair]), '--method'];
  const refused = await run([...assess, 'likelihood', ...at]);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain('error [unsupported-model]');
  expect(refused.stderr).toContain('this one can be asked for sampled');
  expect(await run([...assess, 'sampled', ...at])).toMatchObject({ exitCode: 0 });
  const data = file('continuations.jsonl', [{ id: 'a', prompt: 'One,', continuation: ' two' }]);
  const scored = await run(['score', '--data', data, ...at]);
  expect(scored.exitCode).toBe(2);
  expect(scored.stderr).toContain('log-probabilities of prompts, such as vLLM');
});
