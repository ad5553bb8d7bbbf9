// What the package promises of its seed tasks, and that the check behind the promise finds what is wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCheckSeeds } from './check-seeds.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'isheep-seeds-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function seedFile(name: string, lines: unknown[]): string {
  const file = path.join(folder, name);
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(file, texts.join('\n') + '\n');
  return file;
}

/** 200 letter words make instructions that have little in common. */
function goodTasks(count: number): Record<string, string>[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `seed-${String(index + 1).padStart(3, '0')}`,
    instruction: `Verb${index} alpha${index} beta${index} gamma${index} delta${index}.`,
    input: index % 2 === 0 ? 'some input' : '',
    output: 'An answer.',
  }));
}

describe('the seeds of the package', () => {
  test('pass every check: form, counts, lengths, variety, similarity', () => {
    const { status, stdout, stderr } = runCheckSeeds();
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d{3} tasks, \d+ with an input/);
  });
});

describe('the check of a seed file', () => {
  test('accepts tasks without a fault and counts them', () => {
    const { status, stdout, stderr } = runCheckSeeds(seedFile('good.jsonl', goodTasks(180)));
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toBe(
      [
        '180 tasks, 90 with an input (50.0 %)',
        'instruction words: median 5, from 5 to 5',
        'input words: median 2, from 2 to 2',
        'output words: median 2, from 2 to 2',
        'first words: Verb0 1, Verb1 1, Verb2 1, Verb3 1, Verb4 1, Verb5 1, Verb6 1, Verb7 1; 180 different',
        'highest ROUGE-L among the instructions: 0.00\n',
      ].join('\n'),
    );
  });

  test('reports every bad line and every bad field at once', () => {
    const lines: unknown[] = goodTasks(180);
    lines[2] = { ...goodTasks(3)[2], instruction: 'explain it to me' };
    lines[3] = { ...goodTasks(4)[3], id: 'seed-9', output: ' ' };
    lines[4] = { ...goodTasks(5)[4], instruction: 'Look at this picture and describe it.', input: '<image>' };
    lines.push('{"id": "seed-181"', null, { instruction: 'Only this field is present here.' });
    const { status, stderr } = runCheckSeeds(seedFile('bad.jsonl', lines));
    const wrongForm = 'not an object with exactly the texts id, instruction, input, output, in this order';
    expect(stderr.trimEnd().split('\n')).toEqual([
      'line 181: not JSON',
      `line 182: ${wrongForm}`,
      `line 183: ${wrongForm}`,
      'line 3: instruction has 4 words, expected 5 to 60',
      'line 3: instruction does not start with a capital letter',
      'line 3: instruction does not end with . or ? or !',
      'line 4: id is seed-9, expected seed-004',
      'line 4: output has 0 words, expected 1 to 220',
      'line 4: output has white space at an end',
      'line 5: instruction contains a word for media that a text model cannot handle: picture',
      'line 5: input contains a word for media that a text model cannot handle: image',
      'line 5: input contains an angle-bracket tag: <image>',
    ]);
    expect(status).toBe(1);
  });

  test('finds too few tasks, too few inputs and a beginning that is used too often', () => {
    const tasks = goodTasks(20).map((task, index) => ({
      ...task,
      instruction: index < 2 ? `Write ${task.instruction}` : task.instruction,
      input: '',
    }));
    expect(runCheckSeeds(seedFile('monotonous.jsonl', tasks)).stderr).toBe(
      '20 tasks, expected at least 175\n' +
        '0.0 % of the tasks have an input, expected 35.0 % to 65.0 %\n' +
        '10.0 % of the instructions start with Write, at most 6.0 %\n',
    );
  });

  test('finds two tasks that are nearly the same, whatever their case and punctuation', () => {
    const tasks = goodTasks(180);
    tasks[0] = { ...tasks[0], instruction: 'Name three rivers in the south of Spain.' };
    tasks[1] = { ...tasks[1], instruction: 'Please name three rivers, in the North of Spain!' };
    // 7 common tokens in order; 8 and 9 tokens: 14 / 17.
    expect(runCheckSeeds(seedFile('twins.jsonl', tasks)).stderr).toBe(
      'line 2: ROUGE-L 0.82 with an earlier seed, at most 0.7: Name three rivers in the south of Spain.\n',
    );
  });

  test('compares with another data set, in JSON Lines or JSON, at the limit asked for', () => {
    const seeds = seedFile('own.jsonl', goodTasks(180));
    const other = [{ instruction: 'Verb0 alpha0 beta0 and more than that.' }]; // 3 of 5 and 7 tokens: 6 / 12
    const asLines = seedFile('other.jsonl', other);
    const asArray = seedFile('other.json', [JSON.stringify(other)]);
    expect(runCheckSeeds(seeds, '--against', asLines).stderr).toBe('');
    const strict = runCheckSeeds(seeds, '--against', asArray, '--limit', '0.4');
    expect(strict.status).toBe(1);
    expect(strict.stderr).toBe(
      'line 1: ROUGE-L 0.50 with other.json, at most 0.4: Verb0 alpha0 beta0 and more than that.\n',
    );
    expect(strict.stdout).toContain('highest ROUGE-L with the 1 instructions of other.json: 0.50\n');
  });

  test('says what is wrong with a call', () => {
    const seeds = seedFile('seeds.jsonl', goodTasks(180));
    expect(runCheckSeeds(seeds, '--limit', '0.4')).toMatchObject({
      status: 2,
      stderr: '--limit belongs to --against, which is missing\n',
    });
    expect(runCheckSeeds(seeds, '--against', seeds, '--limit', 'half')).toMatchObject({
      status: 2,
      stderr: '--limit must be a number above 0 and at most 1\n',
    });
    expect(runCheckSeeds(path.join(folder, 'absent.jsonl'))).toMatchObject({ status: 2 });
    expect(runCheckSeeds(seedFile('empty.jsonl', []))).toMatchObject({
      status: 1,
      stderr: 'line 1: not JSON\nno tasks\n',
    });
  });
});
