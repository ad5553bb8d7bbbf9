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
  const file = (name: string, text: string) => {
    writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const rows = file('rows.jsonl', `${JSON.stringify({ id: 'a', messages, continuation: 'One' })}\n`);
  const pair = { id: 'a', instruction: 'Count to three', response: 'One, two, three.' };
  const pairs = file('pairs.jsonl', `${JSON.stringify(pair)}\n`);
  const adapterOf = (name: string, more: Record<string, string>) => {
    const adapter = file(name, '');
    randomAdapter(adapter, untaught, { seed: 1, size: 0.3, more });
    return adapter;
  };
  const run = (words: readonly string[], adapter: string, model = untaught) => {
    const common = ['--adapter', adapter, '--model', model, '--device', 'cpu', '--threads', '1'];
    return isheep([...words, ...common], { createEngine });
  };
  return {
    file,
    named: adapterOf('named.gguf', { 'isheep.chat-template': 'plain' }),
    unnamed: adapterOf('unnamed.gguf', {}),
    generate: ['generate', '--prompts', rows, '--temperature', '0', '--max-tokens', '8'],
    score: ['score', '--data', rows],
    train: (...more: string[]) => {
      const words = ['train', '--data', pairs, ...more];
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
  const { train, named, unnamed } = commands();
  const show = (...more: string[]) => train('--show', '1', ...more);
  const told = await show('--chat-template', 'plain', '--init-adapter', unnamed);
  const byItself = await show('--init-adapter', named);
  expect([byItself.exitCode, byItself.stdout]).toEqual([0, told.stdout]);
  expect(told.stdout).toContain('·A·s·s·is·t·an·t·:');
  const other = await show('--init-adapter', named, '--chat-template', 'chatml');
  expect([other.exitCode, other.stderr]).toEqual([2, expect.stringContaining('--chat-template chatml is another')]);
});

test('an adapter holds the text of its template, whatever becomes of the file', async () => {
  const { file, run, generate, train } = commands();
  const template = file('own.jinja', "{% for m in messages %}{{ 'Ask: ' ~ m.content ~ eos_token }}{% endfor %}");
  const adapter = file('trained.gguf', '');
  const { exitCode } = await train('--chat-template', template, '--out', adapter, '--epochs', '1');
  expect(exitCode).toBe(0);
  const given = await run([...generate, '--chat-template', template], adapter);
  file('own.jinja', '{{ messages }} of another kind');
  const byItself = await run(generate, adapter);
  expect([byItself.exitCode, byItself.stdout]).toEqual([0, given.stdout]);
  const changed = await run([...generate, '--chat-template', template], adapter);
  expect([changed.exitCode, changed.stderr]).toEqual([2, expect.stringContaining('own.jinja is another')]);
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
