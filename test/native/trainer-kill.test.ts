// A training that is killed without a warning: the same job again gives the same adapter, byte for byte.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, expect, test } from 'vitest';

import type { TrainEvent, TrainSummary } from '../../src/engine/engine.js';
import { randomStream } from '../../src/shared/random.js';
import { tinyModel } from '../support/tiny-model.js';
import type { ChildTraining } from '../support/train-child.js';

type ChildSummary = { kind: 'summary' } & TrainSummary;

const support = path.resolve(import.meta.dirname, '../support');
const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the training until `killAt` events have come and then some time, or to its end. Returns whether it was killed. */
async function trainInChild(
  training: ChildTraining,
  killAt = Infinity,
  delayMs = 0,
): Promise<{ killed: boolean; events: number; summary: ChildSummary | undefined }> {
  const loader = path.join(support, 'typescript-loader.mjs');
  const child = spawn(
    process.execPath,
    ['--import', loader, path.join(support, 'train-child.ts'), JSON.stringify(training)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let events = 0;
  let summary: ChildSummary | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as TrainEvent | ChildSummary;
    if (event.kind === 'summary') summary = event;
    else if (++events === killAt) setTimeout(() => child.kill('SIGKILL'), delayMs);
  }
  const [code, signal] = await ended;
  if (signal === null) expect(code).toBe(0);
  return { killed: signal === 'SIGKILL', events, summary };
}

function trainingIn(name: string): ChildTraining {
  const modelPath = tinyModel({ type: 'q4_0' });
  return { modelPath, adapterPath: path.join(folder, `${name}.gguf`), checkpointDir: path.join(folder, name) };
}
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

test('kill -9 at random moments, again and again, changes no byte of the best adapter', async () => {
  const undisturbed = trainingIn('undisturbed');
  const { events, summary } = await trainInChild(undisturbed);
  expect(summary?.steps).toBeLessThan(summary?.plannedSteps ?? 0); // it stops early
  expect(summary?.adapterStep).toBeLessThan(summary?.steps ?? 0);
  const killed = trainingIn('killed');
  const random = randomStream(7);
  let kills = 0;
  for (let attempt = 0; attempt < 5; attempt++) {
    if ((await trainInChild(killed, 3 + Math.floor(random() * 4), Math.floor(random() * 20))).killed) kills++;
    if (existsSync(killed.adapterPath)) break;
  }
  expect(kills).toBeGreaterThan(1);
  const last = await trainInChild(killed);
  expect(last.events).toBeLessThan(events);
  expect(last.summary).toEqual(summary);
  expect(hash(killed.adapterPath)).toBe(hash(undisturbed.adapterPath));
});
