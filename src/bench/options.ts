// The options of `npm run bench`: which benchmark reads which, their defaults, the help. One that the benchmark does not
// read is an error, like one that nobody knows.
import { IsheepError } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest-word.js';
import { type ShapeName, shapes } from './shapes.js';

/** All that benchmarks read; each reads what its entry in main.ts names. */
export interface BenchmarkSettings {
  model: string;
  /** "" or the file of an adapter that the model has. */
  adapter: string;
  /** 0: as many as the machine has cores. */
  threads: number;
  device: string;
  /** A file of pairs. */
  data: string;
  /** Optimizer steps that are timed, after one that is not. */
  steps: number;
  /** How often each trainer is measured, in turns. */
  rounds: number;
  batchSize: number;
  microBatchTokens: number;
  activations: 'auto' | 'keep' | 'recompute';
  copiedWeights: 'auto' | 'none' | 'transposed' | 'all';
  /** MiB that our trainer's process may have; 0: what is free. */
  memory: number;
  /** yes: our trainer measures where its time goes. */
  profile: 'yes' | 'no';
  maxLength: number;
  lengths: readonly number[];
  /** Tokens of each sample, where all are of one length. */
  length: number;
  shape: ShapeName;
  /** Two numbers of layers, the smaller first. */
  layers: readonly number[];
  /** yes: the whole shape is measured, too. */
  whole: 'yes' | 'no';
  /** Synthesis: texts, of these so many to each prompt, seed tasks shown in a prompt, new tasks asked for, tokens of a text. */
  requests: number;
  textsPerPrompt: number;
  demonstrations: number;
  maxTasks: number;
  maxTokens: number;
  constrained: 'yes' | 'no';
  demonstrationsBy: 'uniform' | 'density' | 'perplexity';
  showOutputs: 'yes' | 'no';
  reusePenalty: number;
  topics: string;
  form: 'raw' | 'chat';
  temperature: number;
  topP: number;
  minP: number;
  /** "" or the name of another program to measure in the same run. */
  peer: string;
  /** The Python that the peer runs in. */
  python: string;
  /** Good pairs that are taken at most. */
  limit: number;
  /** Instructions that are compared, on each side. */
  texts: number;
  /** Vectors that are clustered, numbers in each, and into how many clusters. */
  vectors: number;
  width: number;
  clusters: readonly number[];
  scorers: 'all' | 'likelihood';
}

interface Option {
  name: string;
  value: string;
  fallback: string;
  description: string;
}

const shapeNames = Object.keys(shapes) as [ShapeName, ...ShapeName[]];

const options: Readonly<Record<keyof BenchmarkSettings, Option>> = {
  model: option('model', 'FILE', 'models/weights/smollm2-135m-instruct.gguf', 'the model (GGUF)'),
  threads: option('threads', 'N', '0', 'threads; 0: as many as the machine has cores'),
  device: option('device', 'NAME', 'cpu', 'auto, cpu, cuda, vulkan or metal'),
  data: option('data', 'FILE', '', 'pairs: a JSON array or JSON Lines of {instruction, input, output or response}'),
  steps: option('steps', 'N', '4', 'optimizer steps that are timed, after one that is not'),
  rounds: option(
    'rounds',
    'N',
    '2',
    'how often each is measured, in turns; medians of training, the best of generation',
  ),
  batchSize: option('batch-size', 'N', '8', 'samples of a step; the peer accumulates them one by one'),
  microBatchTokens: option('micro-batch-tokens', 'N', '400', 'tokens that our trainer computes at once'),
  activations: option('activations', 'auto|keep|recompute', 'auto', 'whether our trainer keeps activations'),
  copiedWeights: option('copied-weights', 'auto|none|transposed|all', 'auto', 'weights that our trainer copies'),
  memory: option('memory', 'MIB', '0', "what our trainer's process may have; 0: what is free"),
  profile: option('profile', 'yes|no', 'no', 'whether our trainer measures where its time goes; slower'),
  maxLength: option('max-length', 'N', '1024', 'tokens that a sample is cut to'),
  lengths: option('lengths', 'N,N,…', '256,512,1024,2048,4096', 'lengths of samples to measure'),
  length: option('length', 'N', '1024', 'tokens of each sample'),
  shape: option('shape', 'NAME', 'llama-2-7b', `one of ${shapeNames.join(', ')}`),
  layers: option('layers', 'N,N', '2,4', 'layers of the two models that are measured in place of the whole; even'),
  whole: option('whole', 'yes|no', 'no', 'whether the whole shape is measured, too, beside its forecast'),
  peer: option('peer', 'NAME', '', 'who else is measured, in turns with ours'),
  limit: option('limit', 'N', '100', 'good pairs, or instructions for each family, that are taken at most'),
  texts: option('texts', 'N', '10000', 'known instructions, and as many candidates'),
  vectors: option('vectors', 'N', '10000', 'vectors that are clustered'),
  width: option('width', 'N', '576', 'numbers of a vector'),
  clusters: option('clusters', 'N,N,…', '3000,100', 'numbers of clusters to measure'),
  scorers: option('scorers', 'all|likelihood', 'all', 'likelihood: without grades, which take most of the time'),
  adapter: option('adapter', 'FILE', '', 'an adapter (GGUF) that the model has'),
  requests: option('requests', 'N', '32', 'texts'),
  textsPerPrompt: option('texts-per-prompt', 'N', '1', 'texts written to each prompt'),
  demonstrations: option('demonstrations', 'N', '5', 'seed tasks shown in a prompt'),
  maxTasks: option('max-tasks', 'N', '11', 'new tasks asked for in a prompt'),
  maxTokens: option('max-tokens', 'N', '1000', 'tokens a completion may have'),
  constrained: option('constrained', 'yes|no', 'no', 'whether a grammar keeps the text to the form of the list'),
  demonstrationsBy: option('demonstrations-by', 'uniform|density|perplexity', 'uniform', 'which seed tasks are shown'),
  showOutputs: option('show-outputs', 'yes|no', 'no', 'whether seed tasks are shown with their outputs'),
  reusePenalty: option('reuse-penalty', 'X', '0', 'by how much seeds that were shown often become rarer'),
  topics: option('topics', 'off|own|FILE', 'off', 'a topic plan'),
  form: option('form', 'raw|chat', 'raw', "raw text, or a chat by the model's template"),
  temperature: option('temperature', 'X', '1', 'flatness of the sampling'),
  topP: option('top-p', 'X', '0.95', 'share of the likeliest tokens that are sampled from'),
  minP: option('min-p', 'X', '0.1', 'tokens below this share of the likeliest one are left out'),
  python: option('python', 'FILE', '', 'the Python of the peer; ISHEEP_PYTHON says it too, else python3'),
};

export type OptionKey = keyof typeof options;

export interface BenchmarkEntry {
  summary: string;
  reads: readonly OptionKey[];
  /** What --peer may be. */
  peers?: readonly string[];
}

/** The settings that `words` (without the benchmark's name) give. Throws `bad-config` with all that is wrong. */
export function readSettings(
  name: string,
  { reads, peers = [] }: BenchmarkEntry,
  words: readonly string[],
): BenchmarkSettings {
  const given = parseWords(words);
  const own = reads.map((key) => options[key].name);
  const unknown = [...given.keys()].filter((word) => !own.includes(word));
  const problems = unknown.map((word) => `benchmark ${name} has no option --${word}.${didYouMean(word, own, '--')}`);
  const textOf = (key: OptionKey) => given.get(options[key].name) ?? options[key].fallback;
  const problem = (key: OptionKey, expected: string) => {
    problems.push(`--${options[key].name} must be ${expected}; it is "${textOf(key)}"`);
  };
  const { count, decimal, choice } = readers(textOf, problem);
  const lengths = textOf('lengths').split(',').map(Number);
  if (!lengths.every((length) => Number.isInteger(length) && length >= 16)) {
    problem('lengths', 'whole numbers from 16, separated by commas');
  }
  const layers = textOf('layers').split(',').map(Number);
  const [fewer = 0, more = 0, ...rest] = layers;
  if (rest.length > 0 || fewer < 2 || more <= fewer || fewer % 2 !== 0 || more % 2 !== 0) {
    problem('layers', 'two even whole numbers from 2, separated by a comma, the smaller first');
  }
  const clusters = textOf('clusters').split(',').map(Number);
  if (!clusters.every((number) => Number.isInteger(number) && number >= 1)) {
    problem('clusters', 'whole numbers from 1, separated by commas');
  }
  if (!['', ...peers].includes(textOf('peer'))) problem('peer', peers.join(' or '));
  if (textOf('peer') !== '' && textOf('device') !== 'cpu') problem('device', 'cpu, where peers compute, too');
  const settings = {
    ...{ model: textOf('model'), adapter: textOf('adapter'), device: textOf('device') },
    ...{ data: textOf('data'), peer: textOf('peer'), textsPerPrompt: count('textsPerPrompt', 1) },
    ...{ threads: count('threads', 0), steps: count('steps', 1), rounds: count('rounds', 1), lengths },
    ...{ batchSize: count('batchSize', 1), microBatchTokens: count('microBatchTokens', 1) },
    ...{ maxLength: count('maxLength', 2), memory: count('memory', 0), length: count('length', 16), layers },
    ...{ limit: count('limit', 2), texts: count('texts', 2) },
    ...{ vectors: count('vectors', 1), width: count('width', 1), clusters },
    scorers: choice('scorers', ['all', 'likelihood']),
    ...{ requests: count('requests', 1), demonstrations: count('demonstrations', 1), maxTasks: count('maxTasks', 1) },
    ...{ maxTokens: count('maxTokens', 1), constrained: choice('constrained', ['no', 'yes']) },
    ...{ temperature: decimal('temperature', 5), topP: decimal('topP', 1), minP: decimal('minP', 1) },
    form: choice('form', ['raw', 'chat']),
    demonstrationsBy: choice('demonstrationsBy', ['uniform', 'density', 'perplexity']),
    showOutputs: choice('showOutputs', ['no', 'yes']),
    ...{ reusePenalty: decimal('reusePenalty', 1000), topics: textOf('topics') },
    shape: choice('shape', shapeNames),
    whole: choice('whole', ['no', 'yes']),
    activations: choice('activations', ['auto', 'keep', 'recompute']),
    copiedWeights: choice('copiedWeights', ['auto', 'none', 'transposed', 'all']),
    profile: choice('profile', ['no', 'yes']),
    python: textOf('python') || process.env.ISHEEP_PYTHON || 'python3',
  } satisfies BenchmarkSettings;
  if (problems.length > 0) {
    throw new IsheepError('bad-config', problems.join('; '), {
      hint: `npm run bench -- ${name} --help lists the options`,
    });
  }
  return settings;
}

/** Reads of one word each; what is wrong goes to `problem`. */
function readers(textOf: (key: OptionKey) => string, problem: (key: OptionKey, expected: string) => void) {
  const count = (key: OptionKey, least: number) => {
    const text = textOf(key);
    if (!/^\d{1,9}$/.test(text) || Number(text) < least) problem(key, `a whole number from ${least}`);
    return Number(text);
  };
  const decimal = (key: OptionKey, most: number) => {
    const value = textOf(key) === '' ? NaN : Number(textOf(key));
    if (!(value >= 0 && value <= most)) problem(key, `a number from 0 to ${most}`);
    return value;
  };
  const choice = <Word extends string>(key: OptionKey, words: readonly [Word, ...Word[]]): Word => {
    const word = words.find((known) => known === textOf(key));
    if (word === undefined) problem(key, words.join(', '));
    return word ?? words[0];
  };
  return { count, decimal, choice };
}

/** What `--help` prints; of one benchmark, or of all where `name` is undefined. */
export function helpText(entries: Readonly<Record<string, BenchmarkEntry>>, name?: string): string {
  const shown = Object.entries(entries).filter(([one]) => name === undefined || one === name);
  const lines = ['npm run bench -- NAME [options]: prints one JSON object a figure'];
  for (const [one, { summary, reads, peers = [] }] of shown) {
    lines.push('', `${one}: ${summary}`);
    for (const key of reads) {
      const { name: word, value, fallback, description } = options[key];
      const form = `--${word} ${value}`.padEnd(38);
      const named = key === 'peer' ? `: ${peers.join(', ')}` : '';
      lines.push(`  ${form} ${description}${named}${fallback === '' ? '' : ` [${fallback}]`}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** `--name value` or `--name=value`; the last of each counts. */
function parseWords(words: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) {
      throw new IsheepError('bad-config', `"${word}" is not an option`, { hint: 'options are --name value' });
    }
    given.set(name, value ?? words[++i] ?? '');
  }
  return given;
}

function option(name: string, value: string, fallback: string, description: string): Option {
  return { name, value, fallback, description };
}
