import os from 'node:os';
import { expect, test, vi } from 'vitest';

import { freeBytes, packedBytesByMemory, peakBytes } from '../../../src/engine/memory.js';

const GiB = 1024 ** 3;

function machine(total: number, free: number, confined: number): void {
  vi.spyOn(os, 'totalmem').mockReturnValue(total);
  vi.spyOn(os, 'freemem').mockReturnValue(free);
  vi.spyOn(process, 'constrainedMemory').mockReturnValue(confined);
  vi.spyOn(process, 'memoryUsage').mockReturnValue({ ...process.memoryUsage(), rss: GiB });
}

test('without confinement the memory is the machine’s', () => {
  for (const confined of [0, 2 ** 63]) {
    machine(16 * GiB, 10 * GiB, confined);
    expect([freeBytes(), packedBytesByMemory()]).toEqual([10 * GiB, 2 * GiB]);
  }
});

test('in a confined group of processes it is the group’s, less what this one has', () => {
  machine(16 * GiB, 10 * GiB, 4 * GiB);
  expect([freeBytes(), packedBytesByMemory()]).toEqual([3 * GiB, GiB / 2]);
  machine(16 * GiB, 2 * GiB, 4 * GiB);
  expect(freeBytes()).toBe(2 * GiB);
  machine(16 * GiB, 10 * GiB, GiB / 2);
  expect(freeBytes()).toBe(0);
});

test('the peak of memory is that of a process, 0 where there is none', () => {
  expect(peakBytes()).toBeGreaterThan(10 * 1024 ** 2);
  expect(peakBytes(2 ** 30)).toBe(0);
});
