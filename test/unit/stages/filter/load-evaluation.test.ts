import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { IsheepError } from '../../../../src/shared/errors.js';
import { loadEvaluationTexts } from '../../../../src/stages/filter/load-evaluation.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'isheep-evaluation-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const place = path.join(folder, name);
  writeFileSync(place, content);
  return place;
}

function problemsOf(files: readonly string[]): string[] {
  try {
    loadEvaluationTexts(files);
  } catch (error) {
    expect(error).toBeInstanceOf(IsheepError);
    expect((error as IsheepError).code).toBe('bad-input');
    return (error as IsheepError).message.split('\n');
  }
  throw new Error('it did not fail');
}

const question = 'How many legs does a spider have?';

test('every string of JSON Lines is a text, whatever the field and the depth, also of rows that are no objects', () => {
  const rows = [
    { key: 1, prompt: question, choices: { text: ['six', 'eight'], label: ['A', null] } },
    [question, { answer: 'eight' }],
    'a row of its own',
    7,
  ];
  const lines = rows.map((row) => JSON.stringify(row)).join('\r\n');
  const texts = loadEvaluationTexts([file('a.jsonl', `\uFEFF${lines}\r\n\r\n`)]);
  expect(texts.sort()).toEqual(['A', 'a row of its own', 'eight', 'eight', question, question, 'six'].sort());
});

test('a JSON file is one value, however deep', () => {
  const deep = `${'['.repeat(5000)}${JSON.stringify(question)}${']'.repeat(5000)}`;
  expect(loadEvaluationTexts([file('a.JSON', deep)])).toEqual([question]);
});

test('in any other file every line is a text, and every paragraph across its lines', () => {
  const texts = loadEvaluationTexts([file('a.txt', `${question}\r\nIt has\r\n\r\neight legs.\r\n`)]);
  expect(texts).toEqual([question, 'It has', '', 'eight legs.', '', `${question}\r\nIt has`, 'eight legs.\r\n']);
});

test('the texts of all files come in the order of the files', () => {
  const [a, b] = [file('a.txt', question), file('b.jsonl', '"One more text of at least five words"')];
  expect(loadEvaluationTexts([b, a])).toEqual(['One more text of at least five words', question, question]);
});

test('every problem of every file is told at once', () => {
  mkdirSync(path.join(folder, 'folder.json'));
  const bad = file('bad.jsonl', `{"a": "${question}"}\n{"a": \n\nnot json\n`);
  const broken = file('broken.json', '[1, 2');
  const packed = file('packed.jsonl.gz', gzipSync(question));
  const [empty, short] = [file('empty.txt', ''), file('short.jsonl', '{"answer": "no more than four"}')];
  const many = file('many.jsonl', 'x\n'.repeat(8));
  const missing = path.join(folder, 'missing.jsonl');
  const problems = problemsOf([missing, path.join(folder, 'folder.json'), bad, broken, packed, empty, short, many]);
  const of = (place: string) =>
    problems.filter((problem) => problem.startsWith(place)).map((p) => p.slice(place.length));
  expect(of(missing)).toEqual([': there is no such file']);
  expect(of(path.join(folder, 'folder.json'))).toEqual([': it is a folder, not a file']);
  expect(of(bad)).toEqual([
    expect.stringMatching(/^:2: not valid JSON: /) as string,
    expect.stringMatching(/^:4: not valid JSON: /) as string,
  ]);
  expect(of(broken)).toEqual([expect.stringMatching(/^: not valid JSON: /) as string]);
  expect(of(packed)).toEqual([': not valid UTF-8']);
  expect(of(empty)).toEqual([': no text of at least 5 words, so nothing to look for']);
  expect(of(short)).toEqual([': no text of at least 5 words, so nothing to look for']);
  expect(of(many)).toHaveLength(6);
  expect(of(many).at(-1)).toBe(': and 3 more bad lines');
});
