// Runs scripts/check-seeds.mjs as a person would, and gives what it printed.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const script = path.resolve(import.meta.dirname, '../../../../scripts/check-seeds.mjs');

export function runCheckSeeds(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
}
