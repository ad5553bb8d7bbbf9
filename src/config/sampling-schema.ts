// Settings of every stage that writes: how tokens are sampled, and when a text is cut off.
import { z } from 'zod';

export const sampling = {
  temperature: z
    .number()
    .min(0)
    .max(5)
    .default(1)
    .describe('flatness of the sampling; 0 takes the likeliest token, always'),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(0.95)
    .describe('sample from the likeliest tokens that together have this probability; 1: off'),
  topK: z.number().int().min(0).default(0).describe('sample from this many of the likeliest tokens; 0: off'),
  minP: z.number().min(0).max(1).default(0).describe('leave out tokens below this share of the likeliest one; 0: off'),
};

/** A small model's text that does not end often goes round in circles, which costs time and gives nothing. */
export const stopAtRepetition = (tokens: number) =>
  z
    .int()
    .min(0)
    .max(1e6)
    .default(tokens)
    .describe(
      'a text is cut off where its last so many tokens stood before in it; 0: never, as at an endpoint in any case',
    );
