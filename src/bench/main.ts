// `npm run bench -- <name> [options]`: prints one JSON object a figure. Each benchmark is a file here.
import { IsheepError } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest-word.js';
import { benchClusters } from './clusters.js';
import { benchConstraints } from './constraints.js';
import type { Figure } from './figure.js';
import { benchGenerate } from './generate.js';
import { benchJudge } from './judge.js';
import { benchJudgeQuality } from './judge-quality.js';
import { benchNovelty } from './novelty.js';
import { type BenchmarkEntry, type BenchmarkSettings, helpText, readSettings } from './options.js';
import { benchScore } from './score.js';
import { benchSynthesize } from './synthesize.js';
import { benchTrain } from './train.js';
import { benchTrainLength } from './train-length.js';
import { benchTrainShape } from './train-shape.js';

interface Benchmark extends BenchmarkEntry {
  run: (settings: BenchmarkSettings) => AsyncIterable<Figure> | Iterable<Figure>;
}

const machine = ['model', 'threads', 'device'] as const;
const prompting = ['demonstrations', 'maxTasks', 'form', 'constrained'] as const;
const choosing = ['demonstrationsBy', 'showOutputs', 'reusePenalty', 'topics', 'textsPerPrompt'] as const;
const memory = ['memory', 'copiedWeights', 'activations'] as const;
const turns = ['steps', 'rounds', 'microBatchTokens', ...memory, 'profile', 'peer', 'python'] as const;

const benchmarks: Readonly<Record<string, Benchmark>> = {
  generate: {
    summary: 'tokens a second and peak memory of generation',
    reads: [...machine, 'rounds', 'peer'],
    peers: ['llama-batched-bench', 'node-llama-cpp'],
    run: benchGenerate,
  },
  score: { summary: 'tokens a second of scoring', reads: machine, run: benchScore },
  judge: {
    summary: "pairs judged a second, both criteria, against the paper's protocol and against prefilling alone",
    reads: [...machine, 'data', 'limit', 'rounds'],
    run: benchJudge,
  },
  'judge-quality': {
    summary: 'what a judgement is worth: every scorer against pairs spoilt in four ways',
    reads: [...machine, 'data', 'limit', 'scorers'],
    run: benchJudgeQuality,
  },
  novelty: {
    summary: 'pairs of instructions compared a second by exact ROUGE-L, beside rouge-score and rapidfuzz',
    reads: ['texts', 'peer', 'python'],
    peers: ['python'],
    run: benchNovelty,
  },
  clusters: {
    summary: 'seconds in which vectors are clustered, beside scikit-learn',
    reads: ['vectors', 'width', 'clusters', 'threads', 'peer', 'python'],
    peers: ['python'],
    run: benchClusters,
  },
  synthesize: {
    summary: 'instructions kept a second, how varied they are, and why the others are not',
    reads: [...machine, 'adapter', 'requests', 'maxTokens', ...prompting, ...choosing, 'temperature', 'topP', 'minP'],
    run: benchSynthesize,
  },
  constraints: {
    summary: 'how often a model meets each family of constraints, at once and within four attempts',
    reads: [...machine, 'limit', 'maxTokens', 'temperature', 'topP', 'minP'],
    run: benchConstraints,
  },
  train: {
    summary: 'tokens a second and peak memory of LoRA training on pairs',
    reads: [...machine, 'data', 'batchSize', 'maxLength', ...turns],
    peers: ['peft'],
    run: benchTrain,
  },
  'train-length': {
    summary: 'the same on samples of exactly some lengths',
    reads: [...machine, 'lengths', ...turns],
    peers: ['peft'],
    run: benchTrainLength,
  },
  'train-shape': {
    summary: 'the same of a published shape with random weights in Q4_K_M, forecast from a few of its layers',
    reads: ['shape', 'layers', 'length', 'whole', 'threads', 'steps', 'rounds', 'copiedWeights', 'activations'],
    run: benchTrainShape,
  },
};

async function main(): Promise<void> {
  const [name = '', ...words] = process.argv.slice(2);
  const benchmark = benchmarks[name];
  if (name === '--help' || (benchmark && words.includes('--help'))) {
    process.stdout.write(helpText(benchmarks, benchmark ? name : undefined));
    return;
  }
  if (!benchmark) {
    const names = Object.keys(benchmarks);
    throw new IsheepError('bad-config', `no benchmark ${JSON.stringify(name)}.${didYouMean(name, names)}`, {
      hint: `there are: ${names.join(', ')}`,
    });
  }
  for await (const figure of benchmark.run(readSettings(name, benchmark, words))) {
    process.stdout.write(`${JSON.stringify(figure)}\n`);
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof IsheepError)) throw error;
  process.stderr.write(`error [${error.code}] ${error.message}\n${error.hint === '' ? '' : `hint: ${error.hint}\n`}`);
  process.exitCode = error.exitCode;
});
