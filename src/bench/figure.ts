// The form of every benchmark's output: one figure, with the machine and the versions it was taken on.
import { readFileSync } from 'node:fs';
import os from 'node:os';

import { systemInfo } from '../engine/system-info.js';

export interface Figure {
  name: string;
  metric: string;
  value: number;
  unit: string;
  machine: { cpu: string; cores: number; features: string };
  versions: Record<string, string>;
  peer?: string;
  peer_value?: number;
  ratio?: number;
  /** A 95 % interval. */
  low?: number;
  high?: number;
}

/** `peer`: who else was measured in the same run, and its value; the ratio is ours to theirs. */
export function figure(
  name: string,
  metric: string,
  value: number,
  unit: string,
  peer?: { peer: string; value: number },
  interval?: { low: number; high: number },
): Figure {
  const system = systemInfo();
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return {
    name,
    metric,
    value: rounded(value),
    unit,
    machine: {
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.availableParallelism(),
      features: system.features.trim(),
    },
    versions: { isheep: version, 'llama.cpp': system.llamaVersion, node: process.versions.node },
    ...(peer && { peer: peer.peer, peer_value: rounded(peer.value), ratio: rounded(value / peer.value) }),
    ...(interval && { low: rounded(interval.low), high: rounded(interval.high) }),
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** Seconds that `body` takes, and what it gives. */
export async function timed<T>(body: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await body();
  return { seconds: (performance.now() - start) / 1000, result };
}

/** A text of `n` short words, nearly as many tokens; no two numbers give texts with a common beginning. */
export function words(n: number, number: number): string {
  const list = [
    'time',
    'people',
    'water',
    'house',
    'light',
    'story',
    'music',
    'paper',
    'green',
    'small',
    'river',
    'world',
  ];
  return Array.from({ length: n }, (_, i) => list[(number * 7 + i * (1 + (number % 5))) % list.length]).join(' ');
}
