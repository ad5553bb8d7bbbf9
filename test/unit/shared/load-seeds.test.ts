import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loadSeeds } from '../../../src/shared/load-seeds.js';

let folder = '';
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'isheep-seeds-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function seedFile(text: string): string {
  const file = path.join(folder, 'seeds.jsonl');
  writeFileSync(file, text);
  return file;
}

describe('loadSeeds', () => {
  it('reads our own form, input and output being optional', () => {
    const file = seedFile(
      '{"id":"a","instruction":"Sing."}\n{"id":"b","instruction":"Add.","input":"1 2","output":"3"}\n',
    );
    expect(loadSeeds(file)).toEqual([
      { id: 'a', instruction: 'Sing.', input: '', output: '' },
      { id: 'b', instruction: 'Add.', input: '1 2', output: '3' },
    ]);
  });

  it("reads Self-Instruct's form and takes the first instance", () => {
    const task = {
      id: 's',
      name: 'n',
      instruction: 'Add.',
      instances: [
        { input: '1 2', output: '3' },
        { input: '', output: '' },
      ],
      is_classification: false,
    };
    expect(loadSeeds(seedFile(JSON.stringify(task)))).toEqual([
      { id: 's', instruction: 'Add.', input: '1 2', output: '3' },
    ]);
  });

  it('names all bad lines at once, with their reasons', () => {
    const file = seedFile(
      '{"id":"a","instruction":"Sing."}\nnonsense\n{"id":"b"}\n{"id":"a","instruction":" "}\n{"id":"a","instruction":"Hum."}\n',
    );
    expect(() => loadSeeds(file)).toThrow(
      `4 bad lines in ${file}: ${file}:2: not valid JSON: nonsense; ${file}:3: instruction is missing; ` +
        `${file}:4: instruction: must not be empty; ${file}:5: id "a" is that of line 1 already`,
    );
  });

  it('refuses a file without any seed task', () => {
    const file = seedFile('\n\n');
    expect(() => loadSeeds(file)).toThrow(`${file} has no seed task`);
  });
});
