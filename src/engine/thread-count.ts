// How many threads a number of them means.
import os from 'node:os';

/** 0, or nothing: as many as the machine has cores. */
export function threadCount(threads = 0): number {
  return threads > 0 ? threads : os.availableParallelism();
}
