// Settings of the gate: how much of an iteration it measures, and what it decides by.
import { z } from 'zod';

const gateParts = ['constraints', 'win-rate', 'seed-loss', 'knowledge'] as const;
export type GatePartName = (typeof gateParts)[number];

export const gateSchema = z.strictObject({
  suite: z
    .array(z.enum([...gateParts, 'none']))
    .default([...gateParts])
    .describe(
      "what each iteration's model is measured on, against the base and the model that wrote its data: prompts whose answers " +
        'a program verifies, answers compared by the base where it can tell good from bad, the loss on the seeds, and ' +
        'questions of general knowledge. none: no gate',
    ),
  share: z
    .number()
    .gt(0)
    .max(10)
    .default(0.2)
    .describe(
      'prompts that the gate has answered, as a share of the instructions of an iteration; at least 20 prompts',
    ),
  maxTokens: z.number().int().min(1).default(256).describe('most tokens of an answer to them'),
  significance: z
    .number()
    .gt(0)
    .max(1)
    .default(0.05)
    .describe(
      'p-value, corrected for the number of parts, below which a part is worse beyond noise: the model is rolled back',
    ),
  lossTolerance: z
    .number()
    .min(0)
    .default(1)
    .describe(
      'share by which the loss on the seeds may rise: a model trained on its own answers finds those of others less likely, ' +
        'a better one, too. 0: any rise beyond noise rolls the model back',
    ),
  patience: z
    .number()
    .int()
    .min(0)
    .default(2)
    .describe('iterations in a row without a gain after which the run stops; 0: it never does'),
});

/** Whether iterations are measured and decided on at all. */
export function hasGate({ suite }: z.infer<typeof gateSchema>): boolean {
  return suite.some((part) => part !== 'none');
}
