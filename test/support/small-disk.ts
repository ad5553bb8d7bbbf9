// A disk of a few hundred kilobytes, to fill up: a tmpfs, where the system lets us mount one.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface SmallDisk {
  dir: string;
  grow(bytes: number): void;
  remove(): void;
}

/** undefined where mounting is not allowed, or not known here. */
export function mountSmallDisk(bytes: number): SmallDisk | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), 'isheep-disk-'));
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', dir]).status === 0;
  if (process.platform !== 'linux' || !mount(`size=${bytes}`)) {
    rmSync(dir, { recursive: true });
    return undefined;
  }
  return {
    dir,
    grow: (size) => void mount(`remount,size=${size}`),
    remove: () => {
      spawnSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true });
    },
  };
}
