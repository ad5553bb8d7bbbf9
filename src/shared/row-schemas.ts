// Schemas of the rows that files hold (contract.md, "Rows"), for readJsonLines. Unknown fields are kept.
import { z } from 'zod';

const id = z.string().min(1, 'must not be empty');
const text = z.string().refine((value) => value.trim() !== '', 'must not be empty');

export const verdictSchema = z.object({ filter: z.string(), rejected: z.boolean(), reason: z.string().optional() });

export const pairSchema = z.looseObject({
  id,
  instruction: text,
  input: z.string().default(''),
  response: z.string(),
  system: z.string().optional(),
  quality: z.number().optional(),
  following: z.number().optional(),
  verdicts: z.array(verdictSchema).optional(),
  source: z.record(z.string(), z.unknown()).optional(),
});

export const messageSchema = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
const messages = z.array(messageSchema).nonempty('must not be empty');

/** What `generate` reads: `prompt` or `messages`, one of them. */
export const promptSchema = z
  .looseObject({ id, prompt: z.string().optional(), messages: messages.optional() })
  .refine(hasOnePrompt, 'needs either prompt or messages');

/** What `score` reads. */
export const continuationSchema = z
  .looseObject({ id, prompt: z.string().optional(), messages: messages.optional(), continuation: z.string() })
  .refine(hasOnePrompt, 'needs either prompt or messages');

/** A row whose instruction counts as known: what `filter --against` reads. */
export const instructionSchema = z.looseObject({ instruction: text });

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

function hasOnePrompt(row: { prompt?: unknown; messages?: unknown }): boolean {
  return (row.prompt === undefined) !== (row.messages === undefined);
}
