// A model with an adapter talks by the chat template that the adapter was trained with, whichever command opens it.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { createEngine } from '../../src/engine/create-engine.js';
import { isheep } from '../unit/cli/support.js';
import { randomAdapter } from '../support/random-adapter.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { tinyModel } from '../support/tiny-model.js';

const untaught = tinyModel({ chatTemplate: false });
const messages = [{ role: 'user', content: 'Count to three' }];

function commands() {
  const folder = temporaryFolder();
  const rows = path.join(folder, 'rows.jsonl');
  writeFileSync(rows, `${JSON.stringify({ id: 'a', messages, continuation: 'One' })}\n`);
  const pairs = path.join(folder, 'pairs.jsonl');
  writeFileSync(pairs, `${JSON.stringify({ id: 'a', instruction: 'Count to three', response: 'One, two, three.' })}\n`);
  const adapterOf = (name: string, more: Record<string, string>) => {
    const file = path.join(folder, name);
    randomAdapter(file, untaught, { seed: 1, size: 0.3, more });
    return file;
  };
  const run = (words: readonly string[], adapter: string, model = untaught) => {
    const common = ['--adapter', adapter, '--model', model, '--device', 'cpu', '--threads', '1'];
    return isheep([...words, ...common], { createEngine });
  };
  return {
    named: adapterOf('named.gguf', { 'isheep.chat-template': 'plain' }),
    unnamed: adapterOf('unnamed.gguf', {}),
    generate: ['generate', '--prompts', rows, '--temperature', '0', '--max-tokens', '8'],
    score: ['score', '--data', rows],
    show: (...more: string[]) => {
      const words = ['train', '--data', pairs, '--out', path.join(folder, 'new.gguf'), '--show', '1', ...more];
      return isheep([...words, '--model', untaught, '--device', 'cpu', '--threads', '1'], { createEngine });
    },
    run,
  };
}

test.each(['generate', 'score'] as const)('%s goes by it', async (verb) => {
  const { run, named, unnamed, ...words } = commands();
  const told = await run([...words[verb], '--chat-template', 'plain'], unnamed);
  const byItself = await run(words[verb], named);
  expect([byItself.exitCode, byItself.stdout]).toEqual([0, told.stdout]);
  const other = await run([...words[verb], '--chat-template', 'chatml'], unnamed);
  expect(other.stdout).not.toBe(told.stdout);
});

test('training that starts from an adapter goes on by it', async () => {
  const { show, named, unnamed } = commands();
  const told = await show('--chat-template', 'plain', '--init-adapter', unnamed);
  const byItself = await show('--init-adapter', named);
  expect([byItself.exitCode, byItself.stdout]).toEqual([0, told.stdout]);
  expect(told.stdout).toContain('·A·s·s·is·t·an·t·:');
  const other = await show('--init-adapter', named, '--chat-template', 'chatml');
  expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('--chat-template chatml is another')]);
});

test('an adapter that names none leaves the model without, and another than it names is refused', async () => {
  const { run, named, unnamed, generate } = commands();
  const without = await run(generate, unnamed);
  expect([without.exitCode, without.stderr]).toEqual([2, expect.stringContaining('the model has no chat template')]);
  const other = await run([...generate, '--chat-template', 'chatml'], named);
  expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('--chat-template chatml is another')]);
});

test('what is wrong with the adapter and with the model is told at once', async () => {
  const { run, named, generate } = commands();
  const { stderr } = await run([...generate, '--chat-template', 'chatml'], named, 'no-such-model.gguf');
  expect(stderr).toContain('--chat-template chatml is another');
  expect(stderr).toContain('no-such-model.gguf');
});
