// `isheep train` on the real model, killed without a warning at 20 moments: at random ones, while a checkpoint is written,
// while the held-out loss is measured, and while the adapter is written. The adapter has the bytes of an undisturbed one.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { randomStream } from '../../src/shared/random.js';
import { realModelPath } from '../support/models.js';

const program = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-train-kill-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const data = path.join(folder, 'pairs.jsonl');
const pair = (i: number) => ({
  id: `p${i}`,
  instruction: `What comes after ${i}?`,
  response: `After ${i} comes ${i + 1}${', as everybody knows'.repeat(i % 3)}.`,
});
beforeAll(() => {
  writeFileSync(data, Array.from({ length: 16 }, (_, i) => `${JSON.stringify(pair(i))}\n`).join(''));
});

/** A training, in a folder of its own that is watched. */
interface Place {
  out: string;
  checkpoints: string;
  log: string;
}

function place(name: string): Place {
  const base = path.join(folder, name);
  mkdirSync(path.join(base, 'checkpoints'), { recursive: true });
  return {
    out: path.join(base, 'adapter.gguf'),
    checkpoints: path.join(base, 'checkpoints'),
    log: path.join(base, 'log.jsonl'),
  };
}

/** At this rate the held-out loss rises after some steps, so that the best adapter is not the last one. */
function start({ out, checkpoints, log }: Place) {
  const settings = '--rank 4 --alpha 8 --batch-tokens 150 --steps 40 --learning-rate 2e-2 --schedule constant';
  const looks = '--warmup-steps 1 --validation 0.25 --evaluate-every 2 --patience 3 --threads 2 --quiet';
  const files = [
    '--data',
    data,
    '--out',
    out,
    '--checkpoint-dir',
    checkpoints,
    '--log',
    log,
    '--checkpoint-seconds',
    '0',
  ];
  const words = ['train', '--model', realModelPath(), ...files, ...settings.split(' '), ...looks.split(' ')];
  return spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** What a kill waits for; calls `kill` when it has come, and returns what ends the waiting. */
type Moment = (place: Place, kill: () => void) => () => void;

const after =
  (ms: number): Moment =>
  (_, kill) => {
    const timer = setTimeout(kill, ms);
    return () => clearTimeout(timer);
  };

/** When a file of such a name appears or changes in a folder. */
const whenFile =
  (folderOf: (place: Place) => string, name: RegExp): Moment =>
  (where, kill) => {
    const watcher = watch(folderOf(where), (_, changed) => {
      if (changed !== null && name.test(changed)) kill();
    });
    return () => watcher.close();
  };

const checkpointWritten = whenFile(({ checkpoints }) => checkpoints, /^step-\d+\.gguf\.tmp$/);
const checkpointNamed = whenFile(({ checkpoints }) => checkpoints, /^step-\d+\.json/);
const adapterWritten = whenFile(({ out }) => path.dirname(out), /^adapter\.gguf\.tmp$/);
/** After the log has a second step, the next thing is a look at the held-out pairs. */
const lookStarted: Moment = (where, kill) => {
  const before = steps(where);
  const timer = setInterval(() => {
    if (steps(where) > before && steps(where) % 2 === 0) kill();
  }, 5);
  return () => clearInterval(timer);
};

function steps({ log }: Place): number {
  return existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"loss"')).length
    : 0;
}

async function killAt(where: Place, moment: Moment): Promise<boolean> {
  const child = start(where);
  const stop = moment(where, () => child.kill('SIGKILL'));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  stop();
  if (signal === null) expect(code).toBe(0);
  return signal === 'SIGKILL';
}

const never: Moment = () => () => undefined;
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
/** Steps and losses, without the seconds. */
const history = ({ log }: Place) => readFileSync(log, 'utf8').replace(/,"seconds":[\d.]+/g, '');

test('killed at 20 moments, the same command again ends with the same adapter', async () => {
  const undisturbed = place('undisturbed');
  const started = performance.now();
  expect(await killAt(undisturbed, never)).toBe(false);
  const wholeMs = performance.now() - started;
  expect(readFileSync(undisturbed.log, 'utf8')).not.toContain('"step":40'); // it stopped early

  const random = randomStream(20);
  const named = [checkpointWritten, checkpointNamed, lookStarted, checkpointWritten, lookStarted, checkpointNamed];
  let killed = place('killed-0');
  let kills = 0;
  // Where a training is finished before the moment comes, it must be the same, and another one is begun.
  const killAgain = async (moment: Moment) => {
    for (let attempt = 0; !(await killAt(killed, moment)); attempt++) {
      expect(hash(killed.out)).toBe(hash(undisturbed.out));
      expect(attempt).toBeLessThan(3);
      killed = place(`killed-${kills}-${attempt}`);
    }
    kills++;
  };
  for (const moment of named) await killAgain(moment);
  for (let i = 0; i < 11; i++) await killAgain(after(200 + random() * 0.25 * wholeMs));
  await killAgain(adapterWritten);
  await killAgain(adapterWritten); // a finished training writes its adapter again
  await killAgain(after(0.1 * wholeMs));
  expect(kills).toBe(20);
  expect(await killAt(killed, never)).toBe(false);
  expect(hash(killed.out)).toBe(hash(undisturbed.out));
  expect(history(killed)).toBe(history(undisturbed));
  const left = readdirSync(killed.checkpoints).map((name) => name.replace(/step-\d+/, 'step'));
  expect(left.sort()).toEqual(['choices.json', 'step.gguf', 'step.gguf', 'step.json', 'step.json']);
});
