// The machine's memory, or that of the group of processes that this one is confined to.
import os from 'node:os';

/** What is left, in bytes. */
export function freeBytes(): number {
  const free = os.freemem();
  const total = totalBytes();
  return total < os.totalmem() ? Math.min(free, Math.max(0, total - process.memoryUsage().rss)) : free;
}

/** What copies of a model's weights in BF16 may take where nobody says: an eighth of all. */
export function packedBytesByMemory(): number {
  return Math.floor(totalBytes() / 8);
}

function totalBytes(): number {
  const confined = process.constrainedMemory();
  return confined > 0 ? Math.min(confined, os.totalmem()) : os.totalmem();
}
