// Our engine in a process of its own, so that its peak memory is its own: node generate-child.js JOB.json, a
// GenerateMeasurement on standard output.
import { countTokens, type GenerateRequest, type Generator } from '../engine/engine.js';
import { peakBytes } from '../engine/memory.js';
import { loadModel } from '../engine/model.js';
import { readJob } from './child.js';
import { timed } from './figure.js';
import type { GenerateJobFile, GenerateMeasurement } from './generate-job.js';

const attempts = 8;

async function measure({
  model: path,
  threads,
  device,
  parallel,
  requests,
  prefill,
}: GenerateJobFile): Promise<GenerateMeasurement> {
  const model = await loadModel({ path, threads, device, batch: parallel === undefined ? {} : { parallel } });
  const few = requests.slice(0, 2).map((request) => ({ ...request, maxTokens: 2 }));
  await model.generate(few); // reads the weights into memory
  const measured = prefill ? await besidePrefill(model, requests) : await whole(model, requests);
  await model.dispose();
  return { prefillSeconds: 0, prefillTokens: 0, ...measured, peakMib: peakBytes() / 2 ** 20 };
}

async function whole(model: Generator, requests: readonly GenerateRequest[]) {
  const { seconds, result } = await timed(() => model.generate(requests));
  return { seconds, tokens: countTokens(result) };
}

/** A pause of the machine in the shorter call would leave less than no time for decoding: both are then called again. */
async function besidePrefill(model: Generator, requests: readonly GenerateRequest[]) {
  const first = requests.map((request) => ({ ...request, maxTokens: 1 }));
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { seconds: prefillSeconds, tokens: prefillTokens } = await whole(model, first);
    const measured = await whole(model, requests);
    if (measured.seconds > prefillSeconds) return { ...measured, prefillSeconds, prefillTokens };
  }
  throw new Error(
    `${attempts} times of ${attempts} reading the prompts of ${requests.length} requests took longer than that and ` +
      'decoding together: the machine is too busy, or the model too small, to measure decoding',
  );
}

process.stdout.write(`${JSON.stringify(await measure(readJob() as GenerateJobFile))}\n`);
