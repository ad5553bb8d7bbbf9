import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { file, pairs, rowsOf } from './row-files.js';
import { isheep, type CliSetting } from './support.js';

const run = (words: readonly string[], setting?: CliSetting) => isheep(words, setting);

const prompts = [
  { id: 'a', messages: [{ role: 'user', content: 'Say something' }], topic: 'kept' },
  { id: 'b', messages: [{ role: 'user', content: 'And more' }] },
];

describe('isheep generate', () => {
  it('writes completions in the order of the prompts, and keeps unknown fields', async () => {
    const out = file('out.jsonl');
    const outcome = await run([
      'generate',
      '--prompts',
      file('prompts.jsonl', prompts),
      '--out',
      out,
      '--json',
      '--quiet',
    ]);
    expect(outcome.stderr).toBe('');
    expect(rowsOf(out).map(({ id, topic }) => ({ id, topic }))).toEqual([
      { id: 'a', topic: 'kept' },
      { id: 'b', topic: undefined },
    ]);
    expect(Object.keys(rowsOf(out)[0] ?? {})).toEqual(expect.arrayContaining(['id', 'text', 'tokens', 'stop']));
    expect(rowsOf(out)[0]).not.toHaveProperty('prompt');
    expect(JSON.parse(outcome.stdout)).toMatchObject({ completions: 2, out, stopped: { end: 2 } });
  });

  it('writes to standard output without --out, and nothing else there', async () => {
    const { exitCode, stdout } = await run(['generate', '--prompts', file('prompts.jsonl', prompts)]);
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(['a', 'b']);
  });

  it('hands on the grammar of a file, and refuses a file that has none', async () => {
    const grammar = path.join(file(''), 'grade.gbnf');
    writeFileSync(grammar, 'root ::= [1-9]\n');
    const words = ['generate', '--prompts', file('prompts.jsonl', prompts), '--grammar', grammar];
    const { stdout } = await run(words, { engine: { respond: (request) => request.grammar ?? 'none' } });
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toMatchObject({ text: 'root ::= [1-9]\n' });

    writeFileSync(grammar, ' \n');
    expect((await run(words)).stderr).toContain('grade.gbnf has no grammar');
    writeFileSync(grammar, 'root ::= "a" | root "b"\n');
    const refused = await run(words);
    expect(refused.stderr).toContain('grade.gbnf: the rule root of the grammar can begin with itself (left recursion)');
    expect(refused.exitCode).toBe(2);
    const missing = await run([...words.slice(0, -1), path.join(file(''), 'nothing.gbnf')]);
    expect(missing.stderr).toMatch(/error \[bad-input\] cannot read .*nothing\.gbnf/);
    expect(missing.exitCode).toBe(2);
  });

  it('refuses --json without --out', async () => {
    const { exitCode, stderr } = await run(['generate', '--prompts', file('prompts.jsonl', prompts), '--json']);
    expect(stderr).toContain('error [bad-config] --json needs --out');
    expect(exitCode).toBe(2);
  });

  it('names all bad lines of its input at once, and writes nothing', async () => {
    const bad = file('bad.jsonl');
    writeFileSync(
      bad,
      '{"id":"a"}\nnot json\n{"id":"c","prompt":"x","messages":[{"role":"user","content":"y"}]}\n{"id":"d","prompt":"fine"}\n',
    );
    const out = file('out.jsonl');
    const { exitCode, stderr } = await run(['generate', '--prompts', bad, '--out', out]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error [bad-input]');
    for (const line of [1, 2, 3]) expect(stderr).toContain(`${bad}:${line}`);
    expect(stderr).not.toContain(`${bad}:4`);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses a file without rows', async () => {
    const { exitCode, stderr } = await run(['generate', '--prompts', file('empty.jsonl', [])]);
    expect(stderr).toContain('empty.jsonl has no rows');
    expect(exitCode).toBe(2);
  });

  it('exits with 130 when it is interrupted, and leaves no file behind', async () => {
    const many = file(
      'many.jsonl',
      Array.from({ length: 600 }, (_, i) => ({ id: String(i), messages: prompts[1]?.messages })),
    );
    const stop = new AbortController();
    const engine = { onCall: () => stop.abort() };
    const { exitCode, stderr } = await run(['generate', '--prompts', many, '--out', file('out.jsonl')], {
      engine,
      interrupts: { stop: stop.signal },
    });
    expect(stderr).toContain('error [interrupted] stopped after 256 of 600 rows');
    expect(exitCode).toBe(130);
    expect(readdirSync(file(''))).toEqual(['many.jsonl']);
  });
});

describe('isheep score', () => {
  it('writes a log-probability and a count of tokens for each continuation', async () => {
    const data = file('data.jsonl', [{ id: 'a', prompt: 'One', continuation: ' two', kind: 'kept' }]);
    const out = file('out.jsonl');
    const { exitCode, stdout } = await run(['score', '--data', data, '--out', out, '--json', '--quiet']);
    expect(exitCode).toBe(0);
    expect(rowsOf(out)).toEqual([{ kind: 'kept', id: 'a', logprob: expect.any(Number) as number, tokens: 2 }]);
    expect(JSON.parse(stdout)).toMatchObject({ continuations: 1, tokens: 2 });
  });
});

describe('isheep filter', () => {
  it('parts the pairs into kept and rejected, each with its verdicts', async () => {
    const data = file('pairs.jsonl', [
      ...pairs,
      { ...pairs[0], id: 'copy' },
      { ...pairs[1], id: 'empty', response: '' },
    ]);
    const [out, rejected] = [file('kept.jsonl'), file('rejected.jsonl')];
    const { exitCode, stdout } = await run([
      ...['filter', '--data', data, '--out', out, '--rejected', rejected],
      ...['--rules', 'empty-response,novelty', '--novelty', '0.99', '--json'],
    ]);
    expect(exitCode).toBe(0);
    expect(rowsOf(out).map((row) => row.id)).toEqual(pairs.map((pair) => pair.id));
    expect(rowsOf(out)[0]).toMatchObject({
      note: 'kept 0',
      verdicts: [
        { filter: 'empty-response', rejected: false },
        { filter: 'novelty', rejected: false },
      ],
    });
    expect(rowsOf(rejected).map((row) => row.id)).toEqual(['copy', 'empty']);
    expect(JSON.parse(stdout)).toEqual({ rows: 14, kept: 12, rejected: { 'empty-response': 1, 'not-new': 1 }, out });
  });

  it('stops between chunks where it is interrupted, and leaves no file', async () => {
    const many = Array.from({ length: 600 }, (_, i) => ({ ...pairs[0], id: `m${i}` }));
    const out = file('kept.jsonl');
    const { exitCode, stderr } = await isheep(['filter', '--data', file('many.jsonl', many), '--out', out], {
      interrupts: { stop: AbortSignal.abort() },
    });
    expect(exitCode).toBe(130);
    expect(stderr).toContain('error [interrupted] stopped after 256 of 600 rows\nhint: the same command starts again');
    expect(existsSync(out)).toBe(false);
  });

  it('compares with the files of --against', async () => {
    const data = file('pairs.jsonl', pairs);
    const against = file('known.jsonl', [{ instruction: pairs[3]?.instruction }]);
    const out = file('kept.jsonl');
    const words = [
      'filter',
      '--data',
      data,
      '--out',
      out,
      '--rules',
      'novelty',
      '--novelty',
      '0.99',
      '--against',
      against,
    ];
    const { stderr } = await run(words);
    expect(stderr).toBe('11 of 12 pairs kept; rejected: not-new 1\n');
  });

  it('rejects what evaluation files hold, beside the rules that are named', async () => {
    const data = file('pairs.jsonl', pairs);
    const benchmark = file('benchmark.jsonl', [{ prompt: pairs[3]?.instruction }, { reference: pairs[5]?.response }]);
    const words = ['filter', '--data', data, '--out', file('kept.jsonl'), '--evaluation-files', benchmark];
    const { stderr } = await run([...words, '--rules', 'empty-response']);
    expect(stderr).toBe('10 of 12 pairs kept; rejected: contaminated 2\n');
    // All but one word of the numbers is the same everywhere.
    const strict = await run([...words, '--rules', 'contamination', '--contamination-ngram', '5']);
    expect(strict.stderr).toBe('0 of 12 pairs kept; rejected: contaminated 12\n');
  });

  it('refuses an evaluation file that is not there, and a length without files', async () => {
    const data = file('pairs.jsonl', pairs);
    const missing = await run(['filter', '--data', data, '--evaluation-files', file('missing.jsonl')]);
    expect(missing.stderr).toMatch(/^error \[bad-input\] .*missing\.jsonl: there is no such file\nhint: /);
    expect(missing.exitCode).toBe(2);
    const without = await run(['filter', '--data', data, '--contamination-ngram', '8']);
    expect(without.stderr).toContain('--contamination-ngram has no meaning without filter.evaluationFiles');
  });

  it('verifies rows that have constraints, and names those that nobody can meet', async () => {
    const one = { ...pairs[0], constraints: [{ family: 'no-commas', parameters: {} }] };
    const words = ['filter', '--rules', 'url', '--out', file('kept.jsonl'), '--data'];
    expect((await run([...words, file('one.jsonl', [one, pairs[1] ?? {}])])).stderr).toBe(
      '1 of 2 pairs kept; rejected: unmet-constraint 1\n',
    );
    const impossible = [{ family: 'words-between', parameters: { from: 9, to: 3 } }];
    const bad = file('bad.jsonl', [{ ...pairs[0], constraints: impossible }]);
    const { exitCode, stderr } = await run([...words, bad]);
    expect(stderr).toContain(`${bad}:1: constraints.0: the parameters of words-between are wrong: from is above to`);
    expect(exitCode).toBe(2);
  });

  it('names the filters that exist for one that does not', async () => {
    const { exitCode, stderr } = await run(['filter', '--data', file('pairs.jsonl', pairs), '--rules', 'novelti']);
    expect(stderr).toMatch(
      /^error \[bad-config\] --rules must be a list of default, paper, .*; "novelti" is none of them, did you mean novelty\?\n/,
    );
    expect(exitCode).toBe(2);
  });
});

describe('isheep assess', () => {
  it('judges every pair by likelihood and ranks the pool', async () => {
    const out = file('assessed.jsonl');
    const words = [
      'assess',
      '--data',
      file('pairs.jsonl', pairs),
      '--out',
      out,
      '--method',
      'likelihood',
      '--json',
      '--quiet',
    ];
    const { exitCode, stdout } = await run(words);
    expect(exitCode).toBe(0);
    expect(rowsOf(out).map((row) => row.id)).toEqual(pairs.map((pair) => pair.id));
    expect(rowsOf(out)[0]).toMatchObject({ method: 'likelihood', note: 'kept 0', rank: expect.any(Number) as number });
    expect(rowsOf(out)[0]).not.toHaveProperty('response');
    expect(JSON.parse(stdout)).toMatchObject({ pairs: 12, method: 'likelihood', failed: {} });
  });

  it('grades every pair several times, and tells how far the grades agree', async () => {
    const out = file('graded.jsonl');
    const words = ['assess', '--data', file('pairs.jsonl', pairs), '--out', out, '--method', 'expected', '--json'];
    const { exitCode, stdout } = await run([...words, '--repeats', '2', '--quiet']);
    expect(exitCode).toBe(0);
    const [row] = rowsOf(out) as { spread: object; repeats: { quality: number[] }; distribution: object }[];
    expect(row).toMatchObject({ spread: { quality: expect.any(Number) as number }, distribution: {} });
    expect(row?.repeats.quality).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({ method: 'expected', agreement: { repeats: 2, pairs: 12, quality: {} } });
  });

  it('needs pairs or --self-test', async () => {
    const { exitCode, stderr } = await run(['assess']);
    expect(stderr).toContain('error [bad-config] isheep assess needs --data');
    expect(exitCode).toBe(2);
  });
});
