// The one source of the configuration's types, defaults, command-line options, reference and JSON Schema.
// A key `train.learningRate` is `train.learningRate` in a file and `--train-learning-rate` on the command line.
// Speed-only keys are marked; everything else is part of what a run is, and changing it refuses to continue.
import { z } from 'zod';

import { defaultJoiner, inputJoiners } from '../shared/task-prompt.js';
import { constraintsSchema } from './constraints-schema.js';
import { filterRules } from './filters.js';
import { gateSchema } from './gate-schema.js';
import { sampling, stopAtRepetition } from './sampling-schema.js';
import { synthesizeSchema } from './synthesize-schema.js';
import { mergeSchema, trainSchema } from './train-schema.js';

const share = z.number().min(0).max(1);
const count = z.number().int().min(1);

/** Settings of an endpoint; without one they have no meaning. */
export const endpointKeys = [
  'baseUrl',
  'engineModel',
  'enginePrompts',
  'engineConcurrency',
  'engineRetries',
  'engineTimeout',
] as const;

const inferenceSchema = z.strictObject({
  parallel: count
    .max(256)
    .default(64)
    .describe('sequences that are computed at the same time at most; fewer where their cache has no room'),
  batchTokens: count.max(65_536).default(512).describe('tokens of all sequences that are computed at once at most'),
  cacheMemory: count.max(1e9).default(2048).describe('MiB that the cache of all sequences may take'),
  packedMemory: z
    .int()
    .min(0)
    .max(1e9)
    .optional()
    .describe(
      'MiB that copies of the weights in BF16 may take, by which processors with AVX2 generate and judge up to twice as fast, with ' +
        'AVX-512 BF16 up to three times, but a single text slower; 0: none; default: an eighth of the memory',
    ),
});

const ownSchema = z.strictObject({
  instructions: z
    .string()
    .min(1)
    .optional()
    .describe(
      "a person's own instructions, the first candidates of every iteration: JSON Lines with instruction and input, or a " +
        '.txt file with an instruction a line',
    ),
  documents: z
    .array(z.string().min(1))
    .nonempty()
    .optional()
    .describe(
      'files that synthesize.method documents draws passages from: plain text, Markdown, or JSON Lines with text',
    ),
});

export const respondSchema = z.strictObject({
  ...sampling,
  temperature: sampling.temperature.default(0.7),
  form: z
    .enum(['auto', 'chat', 'raw', 'raw-first'])
    .default('auto')
    .describe(
      'how the model is asked; chat: by its chat template, raw: in plain text, raw-first: in plain text where the base ' +
        'answers, as in iteration 1, by the template where an adapter does; auto: raw-first where chatTemplate is given, as ' +
        "to a base that has none of its own, chat otherwise; training is by the template's turns in any case",
    ),
  demonstrations: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(5)
    .describe(
      'seed tasks with their outputs that stand before an instruction where it is asked in plain text; where it has ' +
        'constraints, ones that meet one of the same family',
    ),
  responses: count
    .max(16)
    .default(1)
    .describe('responses to each instruction, of which the one that is assessed best can be kept'),
  maxTokens: count.default(512).describe('tokens a response may have'),
  stopAtRepetition: stopAtRepetition(48),
  chunk: count.default(256).describe('responses that are computed and committed together'),
});

const filterSchema = z.strictObject({
  rules: z
    .array(z.enum(filterRules))
    .optional()
    .describe(
      'named filters with commas between, in the order applied; paper: its rules as they are; default: default',
    ),
  evaluationFiles: z
    .array(z.string().min(1))
    .nonempty()
    .optional()
    .describe('files of benchmarks (JSON, JSON Lines, text); a task or pair that shares text with one is rejected'),
  contaminationNgram: z
    .number()
    .int()
    .min(5)
    .max(50)
    .optional()
    .describe('words in a row that count as shared text, or a whole shorter text of at least 5; default: 13'),
});

const assessSchema = z.strictObject({
  judge: z
    .string()
    .min(1)
    .default('current')
    .describe(
      'who judges; current: the model that wrote the responses, base: the base in every iteration, or another model, by ' +
        'its name or its GGUF file',
    ),
  method: z
    .enum(['auto', 'likelihood', 'expected', 'sampled'])
    .default('auto')
    .describe('how a pair is judged; auto: grades where the judge passes its self-test, likelihood otherwise'),
  criteria: z.enum(['combined', 'simple', 'examples']).default('combined').describe('wording of the two grades'),
  repeats: count
    .max(8)
    .default(1)
    .describe(
      'how often a pair is graded; sampled: draws, expected: the same asked in other orders; not for likelihood',
    ),
  constrained: z
    .boolean()
    .default(false)
    .describe('keep a sampled answer to the numbers 1 to 10, so that it always holds a grade'),
  chunk: count.default(64).describe('pairs that are judged and committed together'),
});

/** Whether `assess.judge` names one of the run's own models. */
export function isOwnJudge(judge: string): boolean {
  return judge === 'current' || judge === 'base';
}

export const selectSchema = z.strictObject({
  by: z
    .enum(['assessment', 'perplexity', 'density', 'density+perplexity'])
    .default('assessment')
    .describe(
      'what decides; assessment: the judge; perplexity: how little surprises the model; density: one pair of each cluster ' +
        'of alike instructions, drawn by lot or (density+perplexity) the least surprising',
    ),
  maxPerplexity: z
    .number()
    .gt(1)
    .max(1e9)
    .default(50)
    .describe('perplexity: what that of the response and that of the whole pair must both be below'),
  clusters: count
    .max(1e6)
    .default(300)
    .describe('density: clusters of instructions; half as many as there are pairs where these are no more'),
  chunk: count.default(64).describe('perplexity, density: pairs that are measured and committed together'),
  grades: z
    .enum(['both', 'quality', 'following', 'none'])
    .default('both')
    .describe('which grades must be above the threshold; none: every pair that passes the filters is kept, unjudged'),
  threshold: z.number().min(0).max(10).default(8).describe('what these grades must be above'),
  share: z.number().gt(0).max(1).default(0.8).describe('ranks: the best share that is kept'),
  atMost: count.default(3000).describe('pairs trained on at most, not counting those made in hindsight'),
  questions: z
    .number()
    .min(0)
    .max(8)
    .default(0.3)
    .describe(
      'pairs made at most of each kept pair whose response is prose: questions on it that words of it answer (in English); ' +
        '0.25: one of every fourth pair',
    ),
  circles: z
    .number()
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe(
      'pairs made at most of each response that was stopped because it went round in circles (respond.stopAtRepetition; never ' +
        'at an endpoint): cut where it begins to repeat itself, and trained on for its end alone',
    ),
  accumulate: share
    .default(0)
    .describe(
      'share of the best pairs of the iteration before that are trained on again, its square of the one before that, and ' +
        'so on; 0: this iteration alone, 1: all so far',
    ),
  lengthNeutral: z
    .boolean()
    .default(false)
    .describe('take out of scores what goes with the length of responses, by a straight line through them'),
  maxDisagreement: z
    .number()
    .min(0)
    .max(4.5)
    .optional()
    .describe(
      'pairs whose repeated grades differ by more than this are left out (standard deviation); default: none are',
    ),
});

/** What only the released code of the paper does, and its text does not describe. */
export const quirksSchema = z.strictObject({
  stop17: z
    .boolean()
    .default(false)
    .describe(
      'any "17" ends the text of new tasks, also within 1776; the released code means the number of the task after the last',
    ),
  dropLastTask: z
    .boolean()
    .default(false)
    .describe('the last task of every text is dropped, also where it is whole, as the released code does'),
  localNovelty: z
    .boolean()
    .default(false)
    .describe(
      'an instruction is compared with the seeds and those kept since the last hundred was full; the released code knows ' +
        'no others, and so keeps the same instruction several times',
    ),
  gluedInput: z
    .boolean()
    .default(false)
    .describe('ask for responses with nothing between instruction and input, and judge and train with inputJoiner'),
});

export const configSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .default('smollm2-135m-instruct')
    .describe('a known name (see `isheep fetch`) or a path to a GGUF file'),
  device: z
    .enum(['auto', 'cpu', 'cuda', 'vulkan', 'metal'])
    .default('auto')
    .describe('what computes; auto: the best there is'),
  threads: z
    .number()
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('0: as many as the machine has cores; they change how long it takes, and nothing that is made'),
  seed: z.number().int().min(0).max(4294967295).default(1).describe('of every random choice'),
  engine: z
    .enum(['local', 'openai'])
    .default('local')
    .describe('what writes and judges; openai: a server with an OpenAI-compatible API. Training is always local'),
  baseUrl: z
    .string()
    .min(1)
    .optional()
    .describe('address of the server, such as http://127.0.0.1:8080/v1; its key: environment variable ISHEEP_API_KEY'),
  engineModel: z
    .string()
    .min(1)
    .optional()
    .describe('name under which the server knows the model; default: the first that it lists'),
  enginePrompts: z
    .enum(['chat', 'raw'])
    .optional()
    .describe("chat: messages, with the server's template; raw: plain text; default: chat where the server takes it"),
  engineConcurrency: count.max(1024).optional().describe('requests to the server at the same time; default: 16'),
  engineRetries: z
    .number()
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('how often a request is tried again where the server is busy or away; default: 5'),
  engineTimeout: z.number().gt(0).max(86_400).optional().describe('seconds that an answer may take; default: 600'),
  chatTemplate: z.string().min(1).optional().describe('for models that carry none: chatml, plain, a file, or its text'),
  iterations: count.max(1000).default(3).describe('turns of the loop'),
  instructions: count
    .default(2000)
    .describe("distinct instructions of each iteration: a person's own first, the rest synthesized"),
  seeds: z.string().min(1).optional().describe('seed tasks (JSON Lines); default: the ones that come with isheep'),
  inputJoiner: z
    .enum(inputJoiners)
    .default(defaultJoiner)
    .describe('what stands between instruction and input, in responding, judging, training and evaluation alike'),
  inference: inferenceSchema.prefault({}),
  own: ownSchema.prefault({}),
  synthesize: synthesizeSchema.prefault({}),
  respond: respondSchema.prefault({}),
  constraints: constraintsSchema.prefault({}),
  filter: filterSchema.prefault({}),
  assess: assessSchema.prefault({}),
  select: selectSchema.prefault({}),
  train: trainSchema.prefault({}),
  gate: gateSchema.prefault({}),
  merge: mergeSchema.prefault({}),
  quirks: quirksSchema.prefault({}),
});

export type Config = z.infer<typeof configSchema>;
