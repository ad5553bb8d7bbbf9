import { describe, expect, it } from 'vitest';

import { commands, plannedCommands } from '../../../src/cli/commands/index.js';
import { settings } from '../../../src/config/settings.js';
import { modelOptions, optionDefault } from '../../../src/cli/options.js';
import { isheep } from './support.js';

const { dirname: here, filename: file } = import.meta;

describe('isheep alone', () => {
  it('says what it does and names the first commands', async () => {
    const { exitCode, stdout, stderr } = await isheep('');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('lets a language model align itself');
    expect(stdout).toContain('isheep run --preset demo');
  });
});

describe('--help and --version', () => {
  it('prints the version', async () => {
    expect(await isheep('--version')).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' });
  });

  it.each([
    ['help', '--help'],
    ['help train', 'train --help'],
  ])('prints for %s what it prints for %s', async (words, same) => {
    const { exitCode, stdout } = await isheep(words);
    expect(exitCode).toBe(0);
    expect(stdout).toBe((await isheep(same)).stdout);
  });

  it('lists the commands, and only those that exist', async () => {
    const { stdout } = await isheep('--help');
    for (const command of commands) expect(stdout).toContain(`isheep ${command.name}`);
    for (const name of plannedCommands) expect(stdout).not.toContain(`isheep ${name} `);
  });

  it.each(commands.map((command) => command.name))('shows each option of %s with its default', async (name) => {
    const { exitCode, stdout } = await isheep(`${name} --help`);
    expect(exitCode).toBe(0);
    const command = commands.find((known) => known.name === name);
    for (const option of command?.options ?? []) {
      expect(stdout).toContain(`--${option.name}`);
      expect(option.description).not.toBe('');
      const byDefault = option.required ? undefined : optionDefault(option);
      if (byDefault !== undefined) expect(stdout.replace(/\s+/g, ' ')).toContain(`[default: ${byDefault}]`);
    }
  });

  it('shows every key of the configuration as an option of run', async () => {
    const { stdout } = await isheep('run --help');
    for (const setting of settings) expect(stdout).toContain(`--${setting.option} `);
    expect(stdout).toContain('[default: runs/<time>]');
    expect(stdout).toMatch(/--train-rank\s.*\[default: 8\]/s);
  });

  it('shows what a value may be', async () => {
    const { stdout } = await isheep('train --help');
    expect(stdout.replace(/\s+/g, ' ')).toContain('(a whole number from 1 to 256) [default: 16]');
  });
});

describe('wrong usage', () => {
  it.each([
    ['trian', 'No command trian. Did you mean isheep train?'],
    ['zzzzzz', 'No command zzzzzz.'],
    ['--quiet', 'no command was given'],
    ['doctor --frce', 'No option --frce.'],
    ['doctor -x', 'No option -x.'],
    ['doctor now', 'isheep doctor does not take "now"'],
    ['status', "isheep status needs --run: the run's folder"],
    ['status --run', "--run needs a value: the run's folder"],
    ['status --run a --run b', '--run was given 2 times; give it once'],
    [
      'show candidate --run a',
      'isheep show knows candidates, verdicts, dataset, training, steps, prompts; "candidate" is none of them. Did you mean candidates?',
    ],
    ['show dataset --run a --iteration 0', '--iteration must be a whole number of at least 1; it is 0'],
    ['train --data a --out b --rnak 4', 'No option --rnak. Did you mean --rank?'],
    ['train --data a --out b --rank eight', '--rank must be a whole number from 1 to 256; "eight" is a string'],
    ['train --data a --out b --train.rank 4', 'No option --train.rank. Did you mean --rank?'],
    ['train --data a --out b --start-from last', 'No option --start-from.'],
    [`train --data a --out ${here}`, `--out ${here}: it is a folder, not a file`],
    [`train --data a --out b --log ${file}/log`, `--log ${file}/log: ${file} is a file, not a folder`],
    [`run --run ${file}`, `--run ${file}: it is a file, not a folder`],
    ['run --train.rank 4', 'No option --train.rank. Did you mean --train-rank?'],
    ['run --trainRank 4', 'No option --trainRank. Did you mean --train-rank?'],
    ['run --train-targets q,x', '--train-targets must be a list of q, k, v, o, gate, up, down; "x" is none of them'],
    ['run --preset dmeo', '--preset must be one of demo, laptop, paper; it is "dmeo"'],
    [
      'generate --prompts a --temperature=',
      '--temperature needs a value: flatness of the sampling; 0 takes the likeliest token, always',
    ],
    ['generate --prompts a --no-seed', '--seed must be a whole number from 0 to 4294967295; false is a boolean'],
  ])('isheep %s', async (words, message) => {
    const { exitCode, stdout, stderr } = await isheep(words);
    expect(stderr.split('\n')[0]).toBe(`error [bad-config] ${message}`);
    expect(stderr).toMatch(/\nhint: .*\n$/);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('needs its positional', async () => {
    const { exitCode, stderr } = await isheep('show --run a');
    expect(stderr).toContain(
      'error [bad-config] isheep show needs one of candidates, verdicts, dataset, training, steps, prompts',
    );
    expect(exitCode).toBe(2);
  });

  it('tells every problem of a command line and its configuration at once', async () => {
    const { exitCode, stderr } = await isheep('train --rnak 3 --rank eight --epochs 0 --config missing.json extra');
    expect(stderr.trimEnd().split('\n')).toEqual([
      'error [bad-config] isheep train does not take "extra"',
      'error [bad-config] No option --rnak. Did you mean --rank?',
      'error [bad-config] isheep train needs --data: pairs (JSON Lines)',
      'error [bad-config] isheep train needs --out: where the adapter goes (GGUF)',
      'error [bad-config] --config missing.json: there is no such file',
      'error [bad-config] --rank must be a whole number from 1 to 256; "eight" is a string',
      'error [bad-config] --epochs must be a number above 0, at most 10000; it is 0',
      'hint: isheep train --help shows every option',
    ]);
    expect(exitCode).toBe(2);
  });

  it.each(plannedCommands)('says that %s does not exist yet, with options and --help too', async (name) => {
    for (const words of [name, `${name} file --out x`, `${name} --help`]) {
      const { exitCode, stdout, stderr } = await isheep(words);
      expect(stderr).toBe(
        `error [bad-config] isheep ${name} does not exist yet\nhint: isheep --help lists what does\n`,
      );
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    }
  });

  it('puts the error into the one JSON object with --json', async () => {
    const { exitCode, stdout } = await isheep('trian --json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'bad-config',
        message: 'No command trian. Did you mean isheep train?',
        hint: expect.stringContaining('the commands are run, ') as string,
      },
    });
  });
});

describe('exit codes and errors of a command', () => {
  it('shows a stack trace for a defect of ours, asks for a report and exits with 1', async () => {
    const broken = {
      name: 'broken',
      summary: 'breaks',
      options: [],
      run: () => Promise.reject(new TypeError('x is not y')),
    };
    const { exitCode, stdout, stderr } = await isheep('broken --json', { commands: [broken] });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error \[defect\] x is not y\nTypeError: x is not y\n\s+at /);
    expect(stderr).toContain('please report it');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'defect', message: 'x is not y' } });
  });

  it('words a path that cannot be used', async () => {
    const error = Object.assign(new Error('EISDIR: …'), { code: 'EISDIR', path: '/some/folder' });
    const broken = { name: 'broken', summary: 'breaks', options: [], run: () => Promise.reject(error) };
    const { exitCode, stderr } = await isheep('broken', { commands: [broken] });
    expect(stderr).toBe(
      'error [bad-input] /some/folder: it is a folder, not a file\nhint: check the path and who may use it\n',
    );
    expect(exitCode).toBe(2);
  });

  it('passes on the exit code of a command', async () => {
    const third = {
      name: 'third',
      summary: '',
      options: [],
      run: () => Promise.resolve({ text: 'a', data: { b: 1 }, exitCode: 3 as const }),
    };
    expect(await isheep('third', { commands: [third] })).toEqual({ exitCode: 3, stdout: 'a\n', stderr: '' });
    expect(await isheep('third --json', { commands: [third] })).toEqual({
      exitCode: 3,
      stdout: '{"b":1}\n',
      stderr: '',
    });
  });

  it('warns of more threads than the machine has cores, which wait for each other', async () => {
    const idle = {
      name: 'idle',
      summary: '',
      options: modelOptions,
      run: () => Promise.resolve({ text: 'a', data: {} }),
    };
    const { stderr } = await isheep('idle --threads 1024', { commands: [idle] });
    expect(stderr).toMatch(/threads is 1024, and this machine has \d+ cores?: .* slower than --threads \d+\n$/);
    expect((await isheep('idle --threads 1', { commands: [idle] })).stderr).toBe('');
  });
});

describe('a file that would be read and replaced', () => {
  it.each([
    ['filter --data FILE --out FILE', '--data'],
    ['train --data pairs.jsonl --model FILE --out FILE', '--model'],
    ['generate --prompts p.jsonl --adapter FILE --out FILE', '--adapter'],
  ])('is refused: %s', async (line, read) => {
    const { exitCode, stderr } = await isheep(line.replaceAll('FILE', file));
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`--out ${file}: it is the file of ${read}, which would be replaced`);
  });
});

describe('options that nothing would read', () => {
  it.each([
    ['assess --self-test --data p --out o --method expected', ['--data', '--out', '--method']],
    ['evaluate --limit 5 --out x.json', ['--limit', '--out']],
    ['fetch --verify', ['--verify']],
    ['evaluate ifeval --responses a.jsonl --data d --temperature 2 --model m', ['--model']],
    ['evaluate knowledge --judge current --unsandboxed', ['--judge current', '--unsandboxed']],
    ['filter --data p --out new.jsonl --rejected ./new.jsonl', ['--out new.jsonl']],
  ])('are refused: %s', async (line, named) => {
    const { exitCode, stdout, stderr } = await isheep(line);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    for (const option of named) expect(stderr).toContain(`error [bad-config] ${option}`);
  });

  it('takes --json and --quiet with a value, too', async () => {
    const { stdout } = await isheep('fetch --json=true');
    expect(JSON.parse(stdout)).toHaveProperty('models');
    expect((await isheep('fetch --json=false')).stdout).not.toContain('{');
  });
});
