// The peer llama-batched-bench, llama.cpp's own program, built by `npm run build:peers`: each shape by the settings that
// suit it best.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { peakBytes } from '../engine/memory.js';
import { IsheepError } from '../shared/errors.js';
import { packageRoot } from '../shared/package-root.js';

export interface BatchShapeOfPeer {
  model: string;
  threads: number;
  promptTokens: number;
  generated: number;
  sequences: number;
}

export interface PeerMeasurement {
  /** Its column S_TG: tokens a second while all sequences generate. */
  tokensPerSecond: number;
  peakMib: number;
  settings: string;
}

/** What could be faster on one machine or another; -tgs: one sequence after the other. */
const settings: readonly (readonly string[])[] = [
  ['-fa', 'on'],
  ['-fa', 'off'],
  ['-fa', 'on', '-kvu'],
  ['-fa', 'on', '-tgs'],
];

/** Where the program is; throws `not-built` where it is not. */
export function findBatchedBench(): string {
  const name = `llama-batched-bench${process.platform === 'win32' ? '.exe' : ''}`;
  const file = path.join(packageRoot, 'build', 'peers', 'bin', name);
  if (existsSync(file)) return file;
  throw new IsheepError('not-built', `the peer llama-batched-bench is not there: ${file}`, {
    hint: 'run `npm run build:peers` first; it takes several minutes',
  });
}

/** The settings to measure it by, as words of its command line. */
export function settingsOfPeer({ sequences }: BatchShapeOfPeer): readonly (readonly string[])[] {
  // One sequence after the other is as slow as one.
  return settings.filter((words) => !words.includes('-tgs') || sequences <= 8);
}

/** Undefined where it fails: a system may lack the memory. */
export async function measureBatchedBench(
  program: string,
  { model, threads, promptTokens, generated, sequences }: BatchShapeOfPeer,
  words: readonly string[],
): Promise<PeerMeasurement | undefined> {
  const size = [
    '-c',
    String(sequences * (promptTokens + generated)),
    '-b',
    '2048',
    '-ub',
    '512',
    '-t',
    String(threads),
  ];
  const work = ['-npp', String(promptTokens), '-ntg', String(generated), '-npl', String(sequences)];
  const all = ['-m', model, '-ngl', '0', ...size, ...work, ...words, '--output-format', 'jsonl'];
  const child = spawn(program, all, { stdio: ['ignore', 'pipe', 'ignore'] });
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, peakBytes(child.pid ?? 0) / 2 ** 20)), 50);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await new Promise<void>((resolve, reject) => child.once('error', reject).once('close', () => resolve()));
  clearInterval(watch);
  const line = text.split('\n').find((one) => one.startsWith('{'));
  if (line === undefined) return undefined;
  const { speed_tg } = JSON.parse(line) as { speed_tg: number };
  return { tokensPerSecond: speed_tg, peakMib: peak, settings: words.join(' ') };
}
