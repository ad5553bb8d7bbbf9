// Settings of checkable constraints: of instructions that are answered, and of pairs made in hindsight.
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.number().int().min(1);

export const constraintsSchema = z.strictObject({
  share: share
    .default(0)
    .describe('share of the instructions that get constraints which a program verifies (docs/constraints.md)'),
  perInstruction: count
    .max(3)
    .default(2)
    .describe('constraints that an instruction with some has at most, one at least; those of hindsight, too'),
  families: z
    .array(z.string())
    .nonempty()
    .optional()
    .describe('families that constraints are drawn from, with commas between; default: all of docs/constraints.md'),
  attempts: count
    .max(16)
    .default(4)
    .describe('responses that are sampled at most until one meets the constraints of its instruction'),
  repair: z
    .boolean()
    .default(true)
    .describe(
      'make a response over that meets them in no attempt, where a program can: case, commas, lists, headings, how it ' +
        'begins and ends',
    ),
  hindsight: z
    .number()
    .int()
    .min(0)
    .max(16)
    .default(5)
    .describe(
      'pairs made at most of each kept pair that has no constraints: its response, to an instruction that asks for constraints ' +
        'which it meets, or with repair can be made to meet',
    ),
  beginnings: share
    .default(0.65)
    .describe(
      'share of the pairs made in hindsight that ask for a form which shows from the beginning on, and of which only the ' +
        'tokens that show it are trained on (4 to 32); and, where there are such, of the kept pairs themselves, of which it is ' +
        '12 tokens',
    ),
  endings: share
    .default(0.25)
    .describe(
      'share of both of which only the last 32 tokens are trained on, the end among them; those made in hindsight ask for a ' +
        'length, an ending or a form that has an end',
    ),
});
