// Sets of settings for three purposes. A preset stands between the defaults and the configuration file.
import type { z } from 'zod';

import type { configSchema } from './schema.js';

export type ConfigInput = z.input<typeof configSchema>;

/** Minutes on two cores, on a small model: shows the whole loop. */
const demo: ConfigInput = {
  model: 'smollm2-135m-instruct',
  iterations: 2,
  instructions: 80,
  synthesize: { demonstrations: 8, maxTokens: 250, constrained: true, chunk: 16 },
  respond: { minP: 0.1, maxTokens: 200, chunk: 40 },
  assess: { method: 'likelihood', chunk: 40 },
  select: { share: 0.4, clusters: 30, questions: 0, chunk: 40 },
  constraints: { hindsight: 4 },
  train: { learningRate: 1e-3, batchSize: 4, warmupSteps: 2, maxLength: 512 }, // few steps, so large ones
};

/** The schema's defaults are this preset: the best judge there is, counts that fit a night. */
const laptop: ConfigInput = {};

/** The numbers of arXiv 2408.08072, spelled out so that a changed default does not change them. */
const paper: ConfigInput = {
  iterations: 3,
  instructions: 10_000,
  inputJoiner: 'newline',
  synthesize: {
    method: 'seeds',
    writer: 'current',
    textsPerPrompt: 1,
    temperature: 1,
    topP: 0.95,
    topK: 0,
    minP: 0,
    demonstrations: 5,
    demonstrationsBy: 'uniform',
    showOutputs: false,
    reusePenalty: 0,
    begun: 0,
    topics: 'off',
    maxTokens: 1000,
    stopAtRepetition: 0,
    maxTasks: 11,
    form: 'raw',
    constrained: false,
    novelty: 0.7,
  },
  // The base writes as plain text, the tuned models by their template (§1.3).
  respond: {
    temperature: 1,
    topP: 0.95,
    topK: 0,
    minP: 0,
    form: 'raw-first',
    demonstrations: 0,
    responses: 1,
    maxTokens: 1000,
    stopAtRepetition: 0,
  },
  constraints: { share: 0, hindsight: 0, beginnings: 0, endings: 0, repair: false },
  filter: { rules: ['paper'] },
  // The paper's algorithm says that each model judges itself; the results it reports were judged by the base throughout.
  assess: { judge: 'base', method: 'sampled', criteria: 'combined', repeats: 1, constrained: false },
  select: {
    by: 'assessment',
    grades: 'both',
    threshold: 8,
    maxPerplexity: 50,
    clusters: 3000,
    atMost: 3000,
    questions: 0,
    circles: 0,
    accumulate: 0,
    lengthNeutral: false,
  },
  train: {
    startFrom: 'base',
    rank: 8,
    alpha: 16,
    rankStabilized: false,
    dropout: 0.05,
    targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
    epochs: 2,
    learningRate: 5e-5,
    schedule: 'cosine',
    warmupSteps: 20,
    weightDecay: 0,
    maxGradNorm: 1,
    batchSize: 16,
    accumulate: 1,
    maxLength: 1024,
    validation: 0.1,
    evaluateEvery: 100,
    patience: 0,
    keepBest: true,
  },
  // It looks at results after the run, and picks the best iteration by them.
  gate: { suite: ['none'] },
  // The paper's M(t+1) is the merged model, in half floats; in 4 bits little of an adapter would be left (docs/benchmarks.md).
  merge: { when: 'each', type: 'f16' },
  // The paper's text describes none of them: it compares with all seeds and all kept instructions, as the published sets d0
  // to d2 were made. Only d3 to d5 come from the code that forgets (localNovelty).
  // Nor does it mean gluedInput, a slip of the code: nothing between instruction and input when asking, a newline in training.
  quirks: { stop17: false, dropLastTask: false, localNovelty: false, gluedInput: false },
};

export const presets = { demo, laptop, paper } as const satisfies Record<string, ConfigInput>;
export type PresetName = keyof typeof presets;
export const presetNames = Object.keys(presets) as PresetName[];
export const defaultPreset: PresetName = 'laptop';
