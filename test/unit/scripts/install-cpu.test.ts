import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { optionalPackages } from '../../../scripts/install-cpu.mjs';

const lock: unknown = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '..', '..', '..', 'package-lock.json'), 'utf8'),
);

test.each([
  ['linux', 'x64', 'glibc', '@node-llama-cpp/linux-x64', '@libsql/linux-x64-gnu'],
  ['linux', 'arm64', 'glibc', '@node-llama-cpp/linux-arm64', '@libsql/linux-arm64-gnu'],
  ['darwin', 'arm64', undefined, '@node-llama-cpp/mac-arm64-metal', '@libsql/darwin-arm64'],
  ['win32', 'x64', undefined, '@node-llama-cpp/win-x64', '@libsql/win32-x64-msvc'],
])(
  'an installation without GPU libraries on %s %s has one llama.cpp and the database',
  (platform, arch, libc, llama, sql) => {
    const packages = optionalPackages(lock, { platform, arch, libc });
    const names = packages.map((name) => name.replace(/@[^@]+$/, ''));
    expect(names.filter((name) => name.startsWith('@node-llama-cpp/'))).toEqual([llama]);
    expect(names).toContain(sql);
  },
);
