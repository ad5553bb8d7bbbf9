import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

import { probe } from '../../../src/native/probe.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const gpu = "{ name: 'GPU0', description: 'A fast one', backend: 'CUDA', isGpu: true, freeBytes: 1, totalBytes: 1 }";

/** The probe of an addon that is JavaScript: `onCpu` and `onGpu` are what its products do. */
function probed({ onCpu = '', onGpu = '' }) {
  const addon = path.join(temporaryFolder(), 'addon.cjs');
  writeFileSync(
    addon,
    `exports.loadBackends = () => [];
    exports.systemInfo = () => ({ devices: [${gpu}] });
    exports.tryProducts = () => { ${onCpu} };
    exports.tryGpuProducts = () => { ${onGpu} };`,
  );
  return probe({ addon, libraries: path.dirname(addon), otherLibraries: [] });
}

test('an addon whose products come out right everywhere is fine', () => {
  expect(probed({})).toMatchObject({ ok: true, reason: '', gpuReason: '', devices: [{ description: 'A fast one' }] });
});

test('a CPU library that ends the process is told as one that the processor does not suit', () => {
  const result = probed({ onCpu: "process.kill(process.pid, 'SIGILL')" });
  expect(result).toMatchObject({ ok: false, gpuReason: '' });
  expect(result.reason).toContain('illegal instruction');
});

test('a GPU that ends the process leaves the CPU right, and says what llama.cpp said', () => {
  const said =
    'llama.cpp ended the process: /a/ggml-cuda.cu:108: CUDA error: CUDA error: the provided PTX is too new.;   current device: 0';
  const result = probed({ onGpu: `console.error(${JSON.stringify(said)}); process.abort()` });
  expect(result).toMatchObject({ ok: true, reason: '', gpuReason: 'CUDA error: the provided PTX is too new.' });
});

test('a GPU whose products come out wrong says so', () => {
  const result = probed({ onGpu: "throw new Error('a product of type f16 came out wrong')" });
  expect(result).toMatchObject({ ok: true, gpuReason: 'a product of type f16 came out wrong' });
});
