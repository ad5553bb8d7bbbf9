import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { writeFileAtomically } from '../../../src/shared/atomic-file.js';
import { refuseUnwritable, whyUnwritable } from '../../../src/shared/writable.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function place() {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'there'));
  writeFileSync(path.join(folder, 'text'), 'x');
  return { folder, at: (...names: string[]) => path.join(folder, ...names) };
}

test('what can be written is left alone, and no folder is made for it', () => {
  const { folder, at } = place();
  for (const file of [at('new'), at('text'), at('there', 'new'), at('not', 'yet', 'new')]) {
    expect(whyUnwritable(file, 'file')).toBeUndefined();
  }
  for (const one of [at('there'), at('not', 'yet')]) expect(whyUnwritable(one, 'folder')).toBeUndefined();
  expect(readdirSync(folder).sort()).toEqual(['text', 'there']);
});

test('a folder in the place of a file, a file in the place of a folder, and a file on the way', () => {
  const { at } = place();
  expect(whyUnwritable(at('there'), 'file')).toBe('it is a folder, not a file');
  expect(whyUnwritable(at('text'), 'folder')).toBe('it is a file, not a folder');
  for (const as of ['file', 'folder'] as const) {
    expect(whyUnwritable(at('text', 'deep', 'new'), as)).toBe(`${at('text')} is a file, not a folder`);
  }
  expect(() => refuseUnwritable(at('there'))).toThrow(`cannot write ${at('there')}: it is a folder, not a file`);
});

test('a device is never replaced', () => {
  expect(whyUnwritable('/dev/null', 'file')).toBe('it is a device or a pipe, not a file');
  expect(() => writeFileAtomically('/dev/null', 'x')).toThrow('cannot write /dev/null: it is a device');
});

test('a link stays, and what it leads to is replaced', () => {
  const { at } = place();
  symlinkSync(at('text'), at('there', 'link'));
  writeFileAtomically(at('there', 'link'), 'new');
  expect(lstatSync(at('there', 'link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('text'), 'utf8')).toBe('new');
});

test('a folder that lets nothing in, as far as that binds who asks', () => {
  const { at } = place();
  chmodSync(at('there'), 0o500);
  const isClosed = throws(() => writeFileSync(at('there', 'new'), 'x'));
  expect(whyUnwritable(at('there', 'other'), 'file')).toBe(
    isClosed ? `nothing may be written in ${at('there')}` : undefined,
  );
  chmodSync(at('there'), 0o700);
});

function throws(work: () => void): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}
