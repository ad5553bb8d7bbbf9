// The settings of training, and of what is made of its adapters.
import { z } from 'zod';

const count = z.number().int().min(1);

export const trainSchema = z.strictObject({
  startFrom: z
    .enum(['base', 'last'])
    .default('base')
    .describe("what an iteration's adapter begins as; base: a new one, last: the adapter of the iteration before"),
  rank: count.max(256).default(16).describe('rank of the adapter: columns of A, rows of B'),
  alpha: z.number().gt(0).default(32).describe('the adapter counts alpha / rank'),
  rankStabilized: z.boolean().default(false).describe('scale by alpha / sqrt(rank) instead of alpha / rank'),
  dropout: z.number().min(0).lt(1).default(0.05).describe("share of the adapter's input that is dropped in training"),
  targets: z
    .array(z.enum(['q', 'k', 'v', 'o', 'gate', 'up', 'down']))
    .nonempty()
    .default(['q', 'k', 'v', 'o', 'gate', 'up', 'down'])
    .describe('matrices of each layer that get an adapter'),
  epochs: z.number().gt(0).max(10_000).default(1).describe('passes over the dataset; may be a fraction'),
  steps: count.max(1e9).optional().describe('optimizer steps, instead of epochs'),
  learningRate: z
    .number()
    .gt(0)
    .optional()
    .describe(
      'peak of the learning rate; default: 0.0015 where most pairs are trained on in part, as those of a run are by default, ' +
        '0.0006 there for a base (chatTemplate is given), 0.0003 where most are whole, 0.00001 with --method full',
    ),
  schedule: z
    .enum(['cosine', 'linear', 'constant'])
    .default('cosine')
    .describe('how the learning rate falls after warm-up'),
  warmupSteps: z.number().int().min(0).default(20).describe('optimizer steps in which the learning rate rises from 0'),
  weightDecay: z.number().min(0).default(0).describe('decoupled weight decay of AdamW'),
  maxGradNorm: z.number().min(0).default(1).describe('global norm that gradients are clipped to; 0: never'),
  batchSize: count.max(1e9).default(8).describe('pairs of a batch'),
  batchTokens: count.max(1e9).optional().describe('tokens that a batch of whole pairs may have, instead of batchSize'),
  accumulate: count
    .max(1e9)
    .default(1)
    .describe('batches of one optimizer step; its loss is the mean over all their tokens'),
  maxLength: count
    .max(2 ** 20)
    .default(1024)
    .describe('tokens; longer responses are cut, overlong prompts left out'),
  microBatchTokens: count.default(400).describe('tokens computed at once; does not change what a step is'),
  memory: count
    .optional()
    .describe('MiB that the whole process may have while it trains; default: what is free when training starts'),
  copiedWeights: z
    .enum(['auto', 'none', 'transposed', 'all'])
    .default('auto')
    .describe('weights that get a second copy for faster products; auto: as many as the memory allows'),
  activations: z
    .enum(['auto', 'keep', 'recompute'])
    .default('auto')
    .describe('what the backward pass needs is kept, or computed again; auto: kept in as many layers as fit'),
  packing: z.boolean().default(true).describe('short pairs are computed together; off: each by itself'),
  validation: z.number().min(0).max(0.5).default(0.03).describe('share of the pairs that is held out'),
  evaluateEvery: count
    .max(1e9)
    .optional()
    .describe('steps between two looks at the held-out pairs; default: the end of each epoch'),
  patience: z
    .number()
    .int()
    .min(0)
    .max(1e9)
    .default(0)
    .describe('looks at the held-out pairs without a lower loss after which training stops; 0: never'),
  keepBest: z
    .boolean()
    .default(true)
    .describe('the adapter that is written is the one with the lowest held-out loss; off: the last one'),
});

/** Types that a merged model can have, as llama.cpp names them; those that need an importance matrix are not among them. */
export const mergeTypes = [
  ...(['same', 'f32', 'f16', 'bf16', 'q8_0', 'q6_k', 'q5_k_m', 'q5_k_s', 'q5_1', 'q5_0', 'q4_k_m', 'q4_k_s'] as const),
  ...(['q4_1', 'q4_0', 'iq4_nl', 'iq4_xs', 'q3_k_l', 'q3_k_m', 'q3_k_s', 'q2_k'] as const),
] as const;

/** Where nothing else is asked for: rounded to the grid of a quantized base, hardly anything of an adapter is left
 *  (docs/benchmarks.md). */
export const defaultMergeType = 'f16';

export const mergeTypeMeaning =
  'same keeps each tensor as it is stored, f32, f16 and bf16 are floats, the others quantized to so many bits a number ' +
  '(_s, _m and _l: mixes, the larger the more bits)';

export const mergeSchema = z.strictObject({
  when: z
    .enum(['never', 'each', 'last'])
    .default('never')
    .describe('whether iterations leave base and adapter as one model, too; the loop itself goes on with the adapter'),
  type: z.enum(mergeTypes).default(defaultMergeType).describe(`how its numbers are stored: ${mergeTypeMeaning}`),
});
