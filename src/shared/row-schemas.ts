// Schemas of the rows that several readers of files share (contract.md, "Rows"), for readJsonLines. Unknown fields are kept.
import { z } from 'zod';

const id = z.string().min(1, 'must not be empty');
const text = z.string().refine((value) => value.trim() !== '', 'must not be empty');

export const messageSchema = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });

const instances = z
  .array(z.looseObject({ input: z.string().default(''), output: z.string().default('') }))
  .nonempty('must not be empty');

/** A person's own instruction; a seed task or a pair is one too. */
export const ownInstructionSchema = z.looseObject({
  id: id.optional(),
  instruction: text,
  input: z.string().optional(),
  instances: instances.optional(),
});

/** A document, or a part of one. */
export const documentSchema = z.looseObject({ text });

/** A seed task in our form, or in Self-Instruct's with `instances`, of which the first is taken. */
export const seedSchema = z.looseObject({
  id,
  instruction: text,
  input: z.string().optional(),
  output: z.string().optional(),
  instances: instances.optional(),
});
