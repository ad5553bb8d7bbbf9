// What of a value is not as its schema wants it, in words for who wrote the file.
import type { z } from 'zod';

/** Nouns for what zod calls a type. */
const nouns: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
};

/** All of it, with commas between: the field, what it must be, and the value that is not. A schema's own messages stay. */
export function describeIssues(error: z.ZodError, raw: unknown): string {
  return error.issues.map((issue) => describeIssue(issue, raw)).join(', ');
}

/** The beginning of a text, for messages. */
export function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}

function describeIssue(issue: z.core.$ZodIssue, raw: unknown): string {
  const path = issue.path.map(String).join('.');
  const wanted = wantedBy(issue);
  if (wanted === undefined) return path === '' ? issue.message : `${path}: ${issue.message}`;
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], raw);
  if (value === undefined) return `${path} is missing`;
  if (value === '' || (Array.isArray(value) && value.length === 0)) return `${path} must not be empty`;
  return `${path} must be ${wanted}; ${shorten(JSON.stringify(value))} is not`;
}

/** undefined where the schema has its own words, or zod's do. */
function wantedBy(issue: z.core.$ZodIssue): string | undefined {
  if (issue.code === 'invalid_type') return nouns[issue.expected] ?? `a ${issue.expected}`;
  if (!/^(?:Too (?:small|big):|Invalid )/.test(issue.message)) return undefined;
  if (issue.code === 'too_small') return limited(issue.origin, 'at least', issue.minimum, issue.inclusive === false);
  if (issue.code === 'too_big') return limited(issue.origin, 'at most', issue.maximum, issue.inclusive === false);
  if (issue.code === 'invalid_value') return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
  return undefined;
}

function limited(origin: string, bound: 'at least' | 'at most', limit: number | bigint, isOpen: boolean): string {
  if (origin === 'string') return `a text of ${bound} ${limit} characters`;
  if (origin === 'array') return `a list of ${bound} ${limit}`;
  if (!isOpen) return `${bound} ${limit}`;
  return `${bound === 'at least' ? 'above' : 'below'} ${limit}`;
}
