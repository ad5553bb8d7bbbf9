// The documents say what is there.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { knownKeys } from '../../src/config/settings.js';
import { commands } from '../../src/cli/commands/index.js';
import { commandReference } from '../../src/cli/reference.js';
import { constraintReference } from '../../src/shared/constraints/reference.js';
import { errorCodes, IsheepError } from '../../src/shared/errors.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

describe('docs/errors.md', () => {
  const rows = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+)` \| (\d+) \|/gm)];

  it('explains every code, and no other', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual([...errorCodes].sort());
  });

  it('gives each its exit code', () => {
    for (const code of errorCodes) {
      const row = rows.find(([, name]) => name === code);
      expect([code, Number(row?.[2])]).toEqual([code, new IsheepError(code, '').exitCode]);
    }
  });
});

describe('docs/cli.md', () => {
  it('is current (npm run docs writes it)', () => {
    expect(read('docs/cli.md')).toBe(commandReference());
  });
});

describe('docs/constraints.md', () => {
  it('is current (npm run docs writes it)', () => {
    expect(read('docs/constraints.md')).toBe(constraintReference());
  });
});

describe('README.md', () => {
  it('names every command', () => {
    for (const { name } of commands) expect(read('README.md')).toContain(`\`isheep ${name}\``);
  });

  const pages = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));

  it.each([...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'], ...pages.map((name) => `docs/${name}`)])(
    'has no dead link in %s',
    (file) => {
      const targets = [...read(file).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, target]) => target ?? '');
      const dead = targets.filter((target) => !existsSync(path.join(root, path.dirname(file), target)));
      expect(dead).toEqual([]);
    },
  );
});

describe('docs/paper.md', () => {
  const text = read('docs/paper.md');

  it('names settings and tests that there are', () => {
    const settings = [...text.matchAll(/`([a-zA-Z]+\.[a-zA-Z0-9]+)\b/g)].map(([, key]) => key ?? '');
    const known = new Set(knownKeys());
    expect(settings.filter((key) => !known.has(key))).toEqual([]);
    const tests = [...text.matchAll(/\b(?:unit|native)\/[\w/.+-]+?\.test\.ts/g)].map(([file]) => file);
    expect(tests.length).toBeGreaterThan(50);
    expect(tests.filter((file) => !existsSync(path.join(root, 'test', file)))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  const tree = /```\n(docs .*?)```/s.exec(read('CONTRIBUTING.md'))?.[1] ?? '';
  const lines = tree
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s{1,}/));

  /** Folders with tracked files, two levels deep; under src three. */
  function folders(): string[] {
    const files = spawnSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).stdout.split('\n');
    const all = files.flatMap((file) => {
      const parts = file.split('/').slice(0, -1);
      return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
    });
    const isShown = (folder: string) => {
      const depth = folder.split('/').length;
      const inner = /^src\/(stages|cli|engine|pipeline)\//.test(folder) ? 3 : 2;
      return folder !== '' && !folder.startsWith('.') && depth <= inner;
    };
    return [...new Set(all)].filter(isShown).sort();
  }

  it('shows the tree that is there', () => {
    expect(lines.map(([name]) => name ?? '').sort()).toEqual(folders());
  });

  it('says of each folder what it is', () => {
    expect(lines.filter((words) => words.length < 3).map(([name]) => name)).toEqual([]);
  });
});
