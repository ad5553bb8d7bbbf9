// The wording of every bad value, for configuration keys and command-line options alike: expectation, name, value, type.
import { z } from 'zod';

import { nearestWord } from '../shared/nearest-word.js';

/** The part of JSON Schema that our settings use. */
export interface ValueSchema {
  type?: 'integer' | 'number' | 'string' | 'boolean' | 'array' | 'object';
  enum?: readonly string[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  items?: ValueSchema;
  default?: unknown;
  description?: string;
  properties?: Record<string, ValueSchema>;
}

export function valueSchema(schema: z.ZodType): ValueSchema {
  return z.toJSONSchema(schema, { io: 'input' }) as ValueSchema;
}

/** `train.rank must be a whole number from 1 to 256; "eight" is a string` */
export function badValue(name: string, schema: ValueSchema, value: unknown): string {
  return `${name} must be ${expectation(schema)}; ${foundValue(schema, value)}`;
}

/** What a value may be, in words: `a whole number from 1 to 256`. */
export function expectation(schema: ValueSchema): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return schema.items?.enum ? `a list of ${schema.items.enum.join(', ')}` : 'a list of texts';
    case 'object':
      return 'a group of settings';
    default:
      return schema.minLength === undefined ? 'a text' : 'a text that is not empty';
  }
}

function range(schema: ValueSchema): string {
  const from = schema.minimum ?? Number.NEGATIVE_INFINITY;
  const limit = schema.maximum ?? Number.POSITIVE_INFINITY;
  // zod bounds whole numbers by what a double holds exactly; nobody needs to be told.
  const to = limit >= Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : limit;
  const above = schema.exclusiveMinimum;
  const below = schema.exclusiveMaximum;
  if (above !== undefined) return ` above ${above}${Number.isFinite(to) ? `, at most ${to}` : ''}`;
  if (below !== undefined) return ` from ${from}, below ${below}`;
  if (Number.isFinite(from) && Number.isFinite(to)) return ` from ${from} to ${to}`;
  if (Number.isFinite(from) && from > -Number.MAX_SAFE_INTEGER) return ` of at least ${from}`;
  return '';
}

function foundValue(schema: ValueSchema, value: unknown): string {
  if (schema.type === 'array' && Array.isArray(value)) {
    if (value.length === 0) return 'the list is empty';
    const wrong = value.filter((item) => !isAllowed(item, schema.items));
    if (wrong.length === 0) return `it is ${shown(value)}`;
    return wrong.map((item: unknown) => `${shown(item)} is none of them${nearestOf(item, schema.items)}`).join('; ');
  }
  const wanted = schema.type === 'integer' ? 'number' : (schema.type ?? 'string');
  const found = typeOf(value);
  if (found === 'number' && !Number.isFinite(value)) return `${String(value)} is not a finite number`;
  if (found !== wanted) return `${shown(value)} is ${withArticle(found)}`;
  if (schema.type === 'integer' && !Number.isInteger(value)) return `${shown(value)} is not whole`;
  return `it is ${shown(value)}`;
}

function isAllowed(item: unknown, schema: ValueSchema | undefined): boolean {
  return typeof item === 'string' && (schema?.enum === undefined || schema.enum.includes(item));
}

/** For words that are long enough for a slip to be told from another word. */
function nearestOf(item: unknown, schema: ValueSchema | undefined): string {
  const nearest = typeof item === 'string' && item.length > 2 ? nearestWord(item, schema?.enum ?? []) : undefined;
  return nearest === undefined ? '' : `, did you mean ${nearest}?`;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function withArticle(type: string): string {
  const words: Record<string, string> = {
    array: 'a list',
    object: 'an object',
    null: 'no value',
    undefined: 'no value',
  };
  return words[type] ?? `a ${type}`;
}

const maxShown = 60;

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length <= maxShown ? text : `${text.slice(0, maxShown)}…`;
}
