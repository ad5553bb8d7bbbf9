// `npm run bench -- <name> [--model path] [--threads N] [--data file] [--steps N]`: prints one JSON object a figure. Each benchmark is a file here.
import { parseArgs } from 'node:util';

import { IsheepError } from '../shared/errors.js';
import type { Benchmark } from './figure.js';
import { benchGenerate } from './generate.js';
import { benchScore } from './score.js';
import { benchTrain } from './train.js';

const benchmarks: Readonly<Record<string, Benchmark>> = {
  generate: benchGenerate,
  score: benchScore,
  train: benchTrain,
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'models/weights/smollm2-135m-instruct.gguf' },
      threads: { type: 'string', default: '0' },
      device: { type: 'string', default: 'cpu' },
      data: { type: 'string', default: '' },
      steps: { type: 'string', default: '4' },
    },
  });
  const benchmark = benchmarks[positionals[0] ?? ''];
  if (!benchmark) {
    throw new IsheepError('bad-config', `no benchmark ${JSON.stringify(positionals[0] ?? '')}`, {
      hint: `there are: ${Object.keys(benchmarks).join(', ')}`,
    });
  }
  const { model, device, data } = values;
  const settings = { model, threads: Number(values.threads), device, data, steps: Number(values.steps) };
  for await (const figure of benchmark(settings)) process.stdout.write(`${JSON.stringify(figure)}\n`);
}

main().catch((error: unknown) => {
  if (!(error instanceof IsheepError)) throw error;
  process.stderr.write(`error [${error.code}] ${error.message}\n${error.hint === '' ? '' : `hint: ${error.hint}\n`}`);
  process.exitCode = error.exitCode;
});
