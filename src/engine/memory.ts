// The machine's memory, or that of the group of processes that this one is confined to, and what a process takes of it.
import { readFileSync } from 'node:fs';
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

/** The most resident memory that a process has had, in bytes; 0 where the system does not tell of another's. Linux hands a
 *  parent's peak on to `maxRSS` of its child, but not to VmHWM. */
export function peakBytes(pid: number | 'self' = 'self'): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (line) return 1024 * Number(line[1]);
  } catch {
    // Not Linux, or the process has ended.
  }
  return pid === 'self' ? 1024 * process.resourceUsage().maxRSS : 0;
}
