// What of a value is not as its schema wants it, in words.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { describeIssues } from '../../../src/shared/schema-problems.js';

const of = (schema: z.ZodType, raw: unknown) => describeIssues(schema.safeParse(raw).error as z.ZodError, raw);

describe('a problem of a value', () => {
  it.each<[string, z.ZodType, unknown, string]>([
    ['a field that is not there', z.object({ a: z.string() }), {}, 'a is missing'],
    ['another type', z.object({ a: z.string() }), { a: 7 }, 'a must be a string; 7 is not'],
    ['no list', z.object({ a: z.array(z.string()) }), { a: 'b' }, 'a must be a list; "b" is not'],
    ['no whole number', z.object({ a: z.int() }), { a: 1.5 }, 'a must be a whole number; 1.5 is not'],
    ['no object', z.object({ a: z.object({}) }), { a: null }, 'a must be an object; null is not'],
    ['an empty text', z.object({ a: z.string().min(1) }), { a: '' }, 'a must not be empty'],
    ['an empty list', z.object({ a: z.array(z.string()).nonempty() }), { a: [] }, 'a must not be empty'],
    [
      'a short list',
      z.object({ a: z.array(z.int()).min(2) }),
      { a: [1] },
      'a must be a list of at least 2; [1] is not',
    ],
    [
      'a long text',
      z.object({ a: z.string().max(2) }),
      { a: 'abc' },
      'a must be a text of at most 2 characters; "abc" is not',
    ],
    ['a small number', z.object({ a: z.number().min(1) }), { a: 0 }, 'a must be at least 1; 0 is not'],
    ['a number at the end', z.object({ a: z.number().gt(0).lt(5) }), { a: 5 }, 'a must be below 5; 5 is not'],
    ['none of a list', z.object({ a: z.enum(['x', 'y']) }), { a: 'z' }, 'a must be one of "x", "y"; "z" is not'],
    [
      'deep inside',
      z.object({ a: z.array(z.object({ b: z.int() })) }),
      { a: [{ b: 'c' }] },
      'a.0.b must be a number; "c" is not',
    ],
    [
      'more than one',
      z.object({ a: z.string(), b: z.int() }),
      { b: true },
      'a is missing, b must be a number; true is not',
    ],
    [
      'what the schema has words for',
      z.object({ a: z.string().refine((a) => a !== '.', 'must be no dot') }),
      { a: '.' },
      'a: must be no dot',
    ],
  ])('is told: %s', (_what, schema, raw, told) => {
    expect(of(schema, raw)).toBe(told);
  });
});
