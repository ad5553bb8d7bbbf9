// Makes the curves in test/native/oracles/ by PEFT (a Python with torch, transformers, peft and gguf):
//   node --import ./test/support/typescript-loader.mjs test/support/write-peft-curves.ts PYTHON tiny
//   node --import ./test/support/typescript-loader.mjs test/support/write-peft-curves.ts PYTHON NAME MODEL.gguf DATA.json
// The second form takes a published set of pairs and a file of SmolLM2-135M-Instruct (scripts/requantize.mjs writes
// f32 and q8_0), and keeps losses and norms only.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { type Curve, type CurveJob, hashOf, realJob, type StoredCurve, tinyCurves, tinyJob } from './peft-curves.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-curves-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function peftCurve(python: string, job: CurveJob): StoredCurve {
  const file = path.join(folder, 'job.json');
  writeFileSync(file, JSON.stringify(job));
  const script = path.join(root, 'scripts', 'oracles', 'peft-training.py');
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const printed = execFileSync(python, [script, file], { encoding: 'utf8', stdio: [...stdio], maxBuffer: 2 ** 26 });
  const { losses, gradientNorms, adapterNorms } = JSON.parse(printed) as Curve;
  const norms = Object.entries(adapterNorms).map(([name, norm]) => [name, rounded(norm)]);
  return {
    job: hashOf(job),
    losses: losses.map(rounded),
    gradientNorms: gradientNorms.map(rounded),
    adapterNorms: Object.fromEntries(norms) as Record<string, number>,
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(8));
}

const [python, name, model, data] = process.argv.slice(2);
if (python === undefined || name === undefined) throw new Error('give PYTHON and the name of a curve');
const curves =
  name === 'tiny'
    ? Object.fromEntries(Object.keys(tinyCurves).map((one) => [one, peftCurve(python, tinyJob(one, folder))]))
    : peftCurve(python, await realJob(model ?? '', data ?? '', folder));
const oracles = path.join(root, 'test', 'native', 'oracles');
mkdirSync(oracles, { recursive: true });
writeFileSync(path.join(oracles, `peft-${name}.json`), `${JSON.stringify(curves, null, 1)}\n`);
