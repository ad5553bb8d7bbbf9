import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { memoryOptions, readChosenCopies, writeChosenCopies } from '../../../src/engine/training-memory.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MiB = 1024 * 1024;
const auto = { copiedWeights: 'auto', activations: 'auto' } as const;

describe('what a training may take', () => {
  test('is what is free where nothing is set', () => {
    const options = memoryOptions(auto, [20, 300, 100], null, 50 * MiB);
    expect(options).toMatchObject({ memoryBytes: 0, longestSample: 300, copiedWeights: 'auto', activations: 'auto' });
    expect(options.freeHostBytes).toBeGreaterThan(0);
  });

  test('is what is set, for all of the process', () => {
    const options = memoryOptions({ ...auto, memory: 800 }, [20], null, 50 * MiB);
    expect(options).toMatchObject({ memoryBytes: 800 * MiB, processBytes: 50 * MiB });
  });

  test('goes on with what was chosen, unless the person says otherwise', () => {
    expect(memoryOptions(auto, [20], 'none', 0).copiedWeights).toBe('none');
    expect(memoryOptions({ ...auto, copiedWeights: 'all' }, [20], 'none', 0).copiedWeights).toBe('all');
  });
});

describe('what was chosen', () => {
  test('is read where it was written', () => {
    const folder = mkdtempSync(path.join(temporaryFolder(), 'chosen-'));
    expect(readChosenCopies(folder)).toBeNull();
    writeChosenCopies(path.join(folder, 'new'), 'transposed');
    expect(readChosenCopies(path.join(folder, 'new'))).toBe('transposed');
  });

  test('is chosen anew where the file is damaged', () => {
    const folder = mkdtempSync(path.join(temporaryFolder(), 'damaged-'));
    writeFileSync(path.join(folder, 'choices.json'), '{"copiedWeights":"some"}');
    expect(readChosenCopies(folder)).toBeNull();
  });
});
