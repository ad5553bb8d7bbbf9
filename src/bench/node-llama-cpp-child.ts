// The peer node-llama-cpp on a GenerateJobFile: as many sequences of one context as are said, each completing one
// request after the other by its JavaScript API, which batches what runs at once.
import { getLlama, LlamaCompletion, LlamaLogLevel } from 'node-llama-cpp';

import { peakBytes } from '../engine/memory.js';
import { readJob } from './child.js';
import { timed } from './figure.js';
import type { GenerateJobFile, GenerateMeasurement } from './generate-job.js';

async function measure({
  model: modelPath,
  threads,
  parallel = 16,
  requests,
}: GenerateJobFile): Promise<GenerateMeasurement> {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const jobs = requests.map(({ prompt, maxTokens }) => {
    if (!('text' in prompt)) throw new Error('the benchmark gives raw prompts');
    return { tokens: model.tokenize(prompt.text), maxTokens };
  });
  const longest = Math.max(...jobs.map(({ tokens, maxTokens }) => tokens.length + maxTokens));
  const contextSize = Math.ceil(longest / 256) * 256;
  const context = await model.createContext({ sequences: parallel, contextSize, threads, flashAttention: true });
  const waiting = [...jobs];
  let generated = 0;
  const complete = async (sequence: ReturnType<typeof context.getSequence>) => {
    const completion = new LlamaCompletion({ contextSequence: sequence });
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      await completion.generateCompletion(job.tokens, {
        maxTokens: job.maxTokens,
        temperature: 0,
        onToken: (tokens) => (generated += tokens.length),
      });
    }
  };
  const sequences = Array.from({ length: parallel }, () => context.getSequence());
  const { seconds } = await timed(() => Promise.all(sequences.map(complete)));
  const measured = { seconds, prefillSeconds: 0, prefillTokens: 0, tokens: generated, peakMib: peakBytes() / 2 ** 20 };
  await llama.dispose();
  return measured;
}

process.stdout.write(`${JSON.stringify(await measure(readJob() as GenerateJobFile))}\n`);
