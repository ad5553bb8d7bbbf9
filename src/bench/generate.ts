// Tokens a second of generation and peak memory: decoding alone in the shapes of llama-batched-bench (its S_TG column:
// the time of a call for one token a request is taken off), and a whole workload as a JavaScript program would send it.
// Each is measured in a process of its own, ours and the peer in turns; of several rounds the best counts, on both sides.
import type { Sampling } from '../engine/engine.js';
import { threadCount } from '../engine/thread-count.js';
import { IsheepError } from '../shared/errors.js';
import { findBatchedBench, measureBatchedBench, type PeerMeasurement, settingsOfPeer } from './batched-bench.js';
import { runOwnJob } from './child.js';
import { type Figure, figure } from './figure.js';
import type { GenerateJobFile, GenerateMeasurement } from './generate-job.js';
import { lastingRequests, type Shape } from './lasting-requests.js';
import type { BenchmarkSettings } from './options.js';

const shapes: readonly Shape[] = [
  { requests: 1, promptTokens: 64, sharedTokens: 0, generated: 128 },
  { requests: 4, promptTokens: 64, sharedTokens: 0, generated: 128 },
  { requests: 16, promptTokens: 64, sharedTokens: 0, generated: 128 },
  { requests: 64, promptTokens: 64, sharedTokens: 0, generated: 128 },
  { requests: 16, promptTokens: 600, sharedTokens: 0, generated: 128 },
];

/** As synthesis sends it: long prompts, most of them the same beginning. */
const workload: Shape = { requests: 64, promptTokens: 572, sharedTokens: 361, generated: 128 };

const greedy: Sampling = { temperature: 0, topK: 0, topP: 1, minP: 0 };
const nucleus: Sampling = { temperature: 1, topK: 0, topP: 0.95, minP: 0 };

export async function* benchGenerate(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const program = settings.peer === 'llama-batched-bench' ? findBatchedBench() : undefined;
  if (settings.peer !== 'node-llama-cpp') for (const shape of shapes) yield* measureShape(settings, shape, program);
  if (settings.peer !== 'llama-batched-bench') yield* measureWorkload(settings);
}

async function* measureShape(
  settings: BenchmarkSettings,
  shape: Shape,
  program: string | undefined,
): AsyncGenerator<Figure> {
  const job = await jobFor(settings, shape, greedy, shape.requests);
  const sampledJob = await jobFor(settings, shape, nucleus, shape.requests);
  const ours: GenerateMeasurement[] = [];
  const sampled: GenerateMeasurement[] = [];
  const theirs: PeerMeasurement[] = [];
  const { requests: sequences, promptTokens, generated } = shape;
  const { model, threads } = job;
  const peerShape = { model, threads, promptTokens, generated, sequences };
  for (let round = 0; round < settings.rounds; round++) {
    sampled.push(runChild('generate-child', sampledJob));
    if (program === undefined) {
      ours.push(runChild('generate-child', job));
      continue;
    }
    // As often as the peer, since the best of each counts and one run differs from the next by a tenth.
    for (const words of settingsOfPeer(peerShape)) {
      ours.push(runChild('generate-child', job));
      const one = await measureBatchedBench(program, peerShape, words);
      if (one) theirs.push(one);
    }
  }
  const peer = bestOfPeer(theirs);
  const label = `${shape.requests} sequences, prompts of ${shape.promptTokens} tokens`;
  yield figure('generate', `decoding, ${label}, greedy`, decodingSpeed(ours), 'tokens/s', peer?.speed);
  yield figure('generate', `decoding, ${label}, temperature 1, top-p 0.95`, decodingSpeed(sampled), 'tokens/s');
  yield figure('generate', `peak resident memory, ${label}`, leastMemory(ours), 'MiB', peer?.memory);
}

/** Its memory is that of the settings that were fastest. */
function bestOfPeer(measured: readonly PeerMeasurement[]) {
  const best = [...measured].sort((a, b) => b.tokensPerSecond - a.tokensPerSecond)[0];
  if (best === undefined) return undefined;
  const peer = `llama-batched-bench ${best.settings}`;
  return { speed: { peer, value: best.tokensPerSecond }, memory: { peer, value: best.peakMib } };
}

async function* measureWorkload(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const job = await jobFor(settings, workload, greedy);
  const ours: GenerateMeasurement[] = [];
  const theirs = new Map<number, GenerateMeasurement[]>();
  for (let round = 0; round < settings.rounds; round++) {
    ours.push(runChild('generate-child', { ...job, prefill: false }));
    if (settings.peer === '') continue;
    for (const parallel of [8, 16, 32]) {
      const one = runChild('node-llama-cpp-child', { ...job, parallel });
      theirs.set(parallel, [...(theirs.get(parallel) ?? []), one]);
    }
  }
  const [best] = [...theirs].sort(([, a], [, b]) => wholeSpeed(b) - wholeSpeed(a));
  const peer = best && `node-llama-cpp, ${best[0]} sequences`;
  const { requests, promptTokens, sharedTokens, generated } = workload;
  const label = `${requests} requests of ${promptTokens} tokens, ${sharedTokens} of them shared, ${generated} generated`;
  const beside = (value: (many: readonly GenerateMeasurement[]) => number) =>
    best && peer ? { peer, value: value(best[1]) } : undefined;
  yield figure('generate', `generated, whole call, ${label}`, wholeSpeed(ours), 'tokens/s', beside(wholeSpeed));
  yield figure('generate', `peak resident memory, ${label}`, leastMemory(ours), 'MiB', beside(leastMemory));
}

/** `parallel`: sequences; by default as many as the engine itself takes. */
async function jobFor(
  settings: BenchmarkSettings,
  shape: Shape,
  sampling: Sampling,
  parallel?: number,
): Promise<GenerateJobFile> {
  const { model, device } = settings;
  const threads = threadCount(settings.threads);
  const requests = await lastingRequests({ model, device, threads }, shape, sampling);
  return { model, device, threads, ...(parallel !== undefined && { parallel }), requests, prefill: true };
}

function decodingSpeed(measured: readonly GenerateMeasurement[]): number {
  const least = (value: (one: GenerateMeasurement) => number) => Math.min(...measured.map(value));
  const seconds = least((one) => one.seconds) - least((one) => one.prefillSeconds);
  return measured[0] === undefined ? NaN : (measured[0].tokens - measured[0].prefillTokens) / seconds;
}

function wholeSpeed(measured: readonly GenerateMeasurement[]): number {
  return Math.max(...measured.map(({ tokens, seconds }) => tokens / seconds));
}

function leastMemory(measured: readonly GenerateMeasurement[]): number {
  return Math.min(...measured.map((one) => one.peakMib));
}

/** Throws `native-failure` where it gives nothing. */
function runChild(name: string, job: GenerateJobFile): GenerateMeasurement {
  const run = runOwnJob(job, name);
  if (typeof run === 'string') throw new IsheepError('native-failure', `${name} failed: ${run}`);
  return run.measured as GenerateMeasurement;
}
