// The trainer against PEFT to the digit: 50 steps from the same adapter on the same samples with the same settings.
// Measured differences of a step's loss: under 2e-6 in F32.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { hashOf, largestDifference, ourCurve, type StoredCurve, tinyCurves, tinyJob } from '../support/peft-curves.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-peft-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = path.join(import.meta.dirname, 'oracles', 'peft-tiny.json');
const stored = JSON.parse(readFileSync(file, 'utf8')) as Record<string, StoredCurve>;

test.each(Object.keys(tinyCurves))('%s: losses, gradient norms and final adapter are those of PEFT', async (name) => {
  const job = tinyJob(name, folder);
  const theirs = stored[name] as StoredCurve;
  expect(hashOf(job)).toBe(theirs.job);
  const ours = await ourCurve(job, 1);
  process.stdout.write(
    `${name}: loss ${largestDifference(ours.losses, theirs.losses).toExponential(1)}, ` +
      `gradient ${largestDifference(ours.gradientNorms, theirs.gradientNorms).toExponential(1)}\n`,
  );
  expect(theirs.losses.at(-1)).toBeLessThan(0.7 * (theirs.losses[0] ?? 0));
  expect(largestDifference(ours.losses, theirs.losses)).toBeLessThan(1e-4);
  expect(largestDifference(ours.gradientNorms, theirs.gradientNorms)).toBeLessThan(1e-3);
  expect(Object.keys(ours.adapterNorms).sort()).toEqual(Object.keys(theirs.adapterNorms).sort());
  const names = Object.keys(theirs.adapterNorms);
  const norms = ({ adapterNorms }: { adapterNorms: Record<string, number> }) =>
    names.map((one) => adapterNorms[one] ?? NaN);
  expect(largestDifference(norms(ours), norms(theirs))).toBeLessThan(1e-4);
});
