// Settings of the stage that writes instructions.
import { z } from 'zod';

import { sampling, stopAtRepetition } from './sampling-schema.js';

const share = z.number().min(0).max(1);
const count = z.number().int().min(1);

export const synthesizeSchema = z.strictObject({
  method: z
    .enum(['auto', 'seeds', 'turn', 'documents', 'none'])
    .default('auto')
    .describe(
      "what instructions are written from; seeds: tasks that are shown; turn: nothing, the model writes the user's turn of its " +
        'chat template; documents: tasks on the passages of own.documents; none: only own.instructions; auto: turn where the ' +
        'model has a chat template of its own and no setting of seeds and their lists is given, seeds otherwise',
    ),
  writer: z
    .enum(['current', 'base'])
    .default('current')
    .describe('who writes instructions; current: the model that answers them, base: the base in every iteration'),
  ...sampling,
  // Without it most of what small models write at temperature 1 wanders off (docs/benchmarks.md).
  minP: sampling.minP.default(0.1),
  demonstrations: count.max(50).default(5).describe('seed tasks shown in a prompt'),
  demonstrationsBy: z
    .enum(['uniform', 'density', 'perplexity'])
    .default('uniform')
    .describe(
      "which seeds are shown: any; none like another, by clusters of the model's own vectors; rather those that the model " +
        'finds likely, by 1 / perplexity',
    ),
  showOutputs: z
    .boolean()
    .default(false)
    .describe('demonstrations have their outputs; the outputs that the model then writes are dropped'),
  reusePenalty: z
    .number()
    .min(0)
    .max(1000)
    .default(0)
    .describe(
      'a seed shown n times more than the least shown one is drawn 1 / (1 + penalty * n) times as often; one whose ' +
        'prompts gave nothing but near copies counts as shown twice; 0: off',
    ),
  begun: share
    .optional()
    .describe(
      "share of the users' turns that go on from the first two words of a seed, so that not all of them are of one kind; " +
        'default: 0.75',
    ),
  topics: z
    .string()
    .min(1)
    .default('off')
    .describe(
      'tasks are shown and written with their topics, and the first new one of each prompt has the least used topic of a ' +
        'plan; own: the plan that comes with isheep; or a file (JSON Lines of topic and, where it belongs to one, field)',
    ),
  maxTokens: count.default(250).describe('tokens a completion may have'),
  stopAtRepetition: stopAtRepetition(16),
  maxTasks: count.default(11).describe('new tasks taken from one completion at most'),
  form: z
    .enum(['raw', 'chat'])
    .default('raw')
    .describe("how the model is asked: a list that it goes on with, or a chat by the model's chat template"),
  constrained: z
    .boolean()
    .default(false)
    .describe('keep what the model writes to the form of the list, so that all of it can be read'),
  novelty: share.default(0.7).describe('an instruction whose ROUGE-L with an earlier one is above this is dropped'),
  minYield: z.number().min(0).default(0.05).describe('kept instructions a request below which a run gives up'),
  textsPerPrompt: count
    .max(16)
    .default(1)
    .describe('texts written to each prompt, which is computed once for all of them'),
  chunk: count.default(128).describe('requests that are computed and committed together'),
});
