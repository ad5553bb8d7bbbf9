import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import { forecast, memoryOptions, readChosenCopies, writeChosenCopies } from '../../../src/engine/training-memory.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const MiB = 1024 * 1024;
const auto = { copiedWeights: 'auto', activations: 'auto' } as const;

describe('what a training may take', () => {
  test('is what is free where nothing is set', () => {
    const options = memoryOptions(auto, [20, 300, 100], null, 50 * MiB);
    expect(options).toMatchObject({ memoryBytes: 0, longestSample: 300, copiedWeights: 'auto', activations: 'auto' });
    expect(options.freeHostBytes).toBeGreaterThan(0);
  });

  test('is what is set, less what the process has', () => {
    expect(memoryOptions({ ...auto, memory: 800 }, [20], null, 50 * MiB).memoryBytes).toBe(750 * MiB);
  });

  test('is next to nothing where the process has more, so that training says what it needs', () => {
    expect(memoryOptions({ ...auto, memory: 40 }, [20], null, 50 * MiB).memoryBytes).toBe(1);
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

test('the forecast counts what the process had', () => {
  const parts = { mapped: 1, copies: 2, adapter: 3, activations: 4, graphs: 5 };
  const memoryPlan = { ...parts, copiedWeights: 'all' as const, total: 15 };
  expect(forecast({ memoryPlan }, 100)).toEqual({ ...parts, copiedWeights: 'all', process: 100, total: 115 });
});
