// A person's own files: instructions, and documents.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loadPassages } from '../../../../src/stages/synthesize/load-documents.js';
import { loadOwnInstructions } from '../../../../src/stages/synthesize/load-own.js';

let folder = '';
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'isheep-own-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const written = path.join(folder, name);
  writeFileSync(written, content);
  return written;
}

const words = (n: number) => Array.from({ length: n }, (_, i) => `word${i}`).join(' ');

describe('loadOwnInstructions', () => {
  it('takes the task of a row of any kind, known by its id or else by its line', () => {
    const rows = [
      { instruction: ' Sing. ' },
      { id: 'pair', instruction: 'Add.', input: '  1\n  2', response: '3', quality: 9 },
      { id: 'task', instruction: 'Sort.', instances: [{ input: 'b a', output: 'a b' }] },
      { instruction: 'Hum.', input: ' \n' },
    ];
    const [first = '', ...others] = rows.map((row) => JSON.stringify(row));
    expect(loadOwnInstructions(file('own.jsonl', [first, '', ...others].join('\n')))).toEqual([
      { instruction: 'Sing.', input: '', own: 1 },
      { instruction: 'Add.', input: '  1\n  2', own: 'pair' },
      { instruction: 'Sort.', input: 'b a', own: 'task' },
      { instruction: 'Hum.', input: '', own: 5 },
    ]);
  });

  it('takes each line of a .txt file that is not blank', () => {
    expect(loadOwnInstructions(file('own.TXT', '\uFEFFSing a song.\r\n\r\n{"a": 1}\n'))).toEqual([
      { instruction: 'Sing a song.', input: '', own: 1 },
      { instruction: '{"a": 1}', input: '', own: 3 },
    ]);
  });

  it.each([
    ['bad.jsonl', 'Sing.\n{"id":"a"}\n', /^2 bad lines in .*:1: not valid JSON: Sing\.; .*:2: instruction is missing$/],
    ['empty.jsonl', '\n', /has no instruction$/],
    ['blank.txt', ' \n\n', /has no instruction$/],
    ['latin.txt', Uint8Array.of(0x53, 0xe9, 0x6e), /latin\.txt is not valid UTF-8$/],
  ])('refuses %s', (name, content, message) => {
    expect(() => loadOwnInstructions(file(name, content))).toThrow(message);
  });

  it('refuses a file that is not there', () => {
    expect(() => loadOwnInstructions(path.join(folder, 'absent.jsonl'))).toThrow(
      /absent\.jsonl: there is no such file$/,
    );
  });
});

describe('loadPassages', () => {
  it('names a passage by its file, without folders, and its number', () => {
    const passages = loadPassages(file('book.md', `# One\n\n${words(70)}\n\n# Two\n\n${words(80)}\n`));
    expect(passages).toEqual([
      { file: 'book.md', number: 1, text: `One\n${words(70)}` },
      { file: 'book.md', number: 2, text: `Two\n${words(80)}` },
    ]);
  });

  it('takes each row of a .jsonl file for a document', () => {
    const rows = [{ text: words(30) }, { text: words(10) }, { text: words(40), title: 't' }];
    const passages = loadPassages(file('texts.jsonl', rows.map((row) => JSON.stringify(row)).join('\n')));
    expect(passages.map(({ number, text }) => [number, text])).toEqual([
      [1, words(30)],
      [2, words(40)],
    ]);
  });

  it.each([
    ['short.txt', 'A few words only.', /short\.txt has no passage of 20 words or more$/],
    ['rows.jsonl', '{"body":"x"}', /^1 bad line in .*rows\.jsonl:1: text is missing$/],
  ])('refuses %s', (name, content, message) => {
    expect(() => loadPassages(file(name, content))).toThrow(message);
  });
});
