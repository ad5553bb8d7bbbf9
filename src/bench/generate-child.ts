// Our engine in a process of its own, so that its peak memory is its own: node generate-child.js JOB.json, a
// GenerateMeasurement on standard output.
import { countTokens } from '../engine/engine.js';
import { loadModel } from '../engine/model.js';
import { peakMib, readJob } from './child.js';
import { timed } from './figure.js';
import type { GenerateJobFile, GenerateMeasurement } from './generate-job.js';

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
  const measured: GenerateMeasurement = { seconds: 0, tokens: 0, prefillSeconds: 0, prefillTokens: 0, peakMib: 0 };
  if (prefill) {
    const first = await timed(() => model.generate(requests.map((request) => ({ ...request, maxTokens: 1 }))));
    measured.prefillSeconds = first.seconds;
    measured.prefillTokens = countTokens(first.result);
  }
  const { seconds, result } = await timed(() => model.generate(requests));
  await model.dispose();
  return { ...measured, seconds, tokens: countTokens(result), peakMib: peakMib() };
}

process.stdout.write(`${JSON.stringify(await measure(readJob() as GenerateJobFile))}\n`);
