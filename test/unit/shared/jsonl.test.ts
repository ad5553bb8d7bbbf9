import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { continuationRowSchema, pairRowSchema, promptRowSchema } from '../../../src/pipeline/verbs/verb.js';
import { parseJsonLines, readJsonLines, toJsonLines } from '../../../src/shared/jsonl.js';
import { randomStream } from '../../../src/shared/random.js';

const anyRow = z.looseObject({});
const parse = <T>(text: string, schema: z.ZodType<T>) =>
  parseJsonLines(new TextEncoder().encode(text), 'f.jsonl', schema);

describe('JSON Lines', () => {
  it('come back as they were written', () => {
    const rows = [
      { id: 'a', text: 'line\nbreak\u2028 and \u0085 "quote"' },
      { id: 'b', n: 1 },
    ];
    expect(parse(toJsonLines(rows), anyRow)).toEqual(rows);
  });

  it('are split on "\\n" only: other line breaks stay in their strings', () => {
    expect(parse('{"text":"a\u2028b\u0085c"}\n', anyRow)).toEqual([{ text: 'a\u2028b\u0085c' }]);
  });

  it('may have a byte order mark, "\\r" and blank lines', () => {
    expect(parse('\ufeff{"n":1}\r\n\r\n  \n{"n":2}\r\n', anyRow)).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('may end without a newline, or be empty', () => {
    expect(parse('{"n":1}', anyRow)).toEqual([{ n: 1 }]);
    expect(parse('', anyRow)).toEqual([]);
  });

  it('keep unknown fields', () => {
    expect(parse('{"id":"a","instruction":"Sing.","response":"La.","mine":[1]}', pairRowSchema)).toEqual([
      { id: 'a', instruction: 'Sing.', input: '', response: 'La.', mine: [1] },
    ]);
  });

  it('name every bad line with its reason', () => {
    const lines = [
      '[1]',
      '{',
      '{"id":"a"}',
      '{"id":7,"instruction":"x","response":"y"}',
      'null',
      '{"id":"","instruction":"","response":""}',
    ];
    expect(() => parse(lines.join('\n'), pairRowSchema)).toThrow(
      '6 bad lines in f.jsonl: f.jsonl:1: not an object: [1]; f.jsonl:2: not valid JSON: {; ' +
        'f.jsonl:3: instruction is missing, response is missing; f.jsonl:4: id must be a string; 7 is not; ' +
        'f.jsonl:5: not an object: null; f.jsonl:6: id must not be empty, instruction must not be empty',
    );
  });

  it('count blank lines in the numbers that an error tells', () => {
    expect(() => parse('\n\n{"id":1}', z.looseObject({ id: z.string() }))).toThrow(
      'f.jsonl:3: id must be a string; 1 is not',
    );
  });

  it('name more than three lines that are bad for the same reason together', () => {
    expect(() => parse('x\n'.repeat(202), anyRow)).toThrow(
      /^202 bad lines in f\.jsonl: f\.jsonl:1-202: not valid JSON: x$/,
    );
    expect(() => parse('x\ny\nx\nx\n{}\nx\ny\ny\n', anyRow)).toThrow(
      '7 bad lines in f.jsonl: f.jsonl:1,3-4,6: not valid JSON: x; f.jsonl:2: not valid JSON: y; ' +
        'f.jsonl:7: not valid JSON: y; f.jsonl:8: not valid JSON: y',
    );
  });

  it('list twenty entries and tell how many more lines there are', () => {
    const lines = Array.from({ length: 25 }, (_, i) => `x${i}`);
    expect(() => parse([...lines, 'y', 'y', 'y', 'y'].join('\n'), anyRow)).toThrow(
      /^29 bad lines in .*; f\.jsonl:20: not valid JSON: x19; and 9 more$/,
    );
  });

  it('list twenty stretches of a reason and tell how many more lines there are', () => {
    expect(() => parse('x\n{}\n'.repeat(24) + 'x\nx', anyRow)).toThrow(
      /^26 bad lines in .*: f\.jsonl:1,3,5,.*,37,39 and 6 more: not valid JSON: x$/,
    );
  });

  it('refuse an id that an earlier line has', () => {
    expect(() => parse('{"id":"a"}\n{"id":"b"}\n{"id":"a"}', anyRow)).toThrow(
      '1 bad line in f.jsonl: f.jsonl:3: id "a" is that of line 1 already',
    );
  });

  it('refuse bytes that are not UTF-8', () => {
    const bytes = Uint8Array.from([0x7b, 0x7d, 0x0a, 0x22, 0xff, 0x22]);
    expect(() => parseJsonLines(bytes, 'f.jsonl', anyRow)).toThrow('f.jsonl:2: not valid UTF-8');
  });

  it('say which file cannot be read', () => {
    expect(() => readJsonLines('no/such/file.jsonl', anyRow)).toThrow(
      'cannot read no/such/file.jsonl: there is no such file',
    );
    expect(() => readJsonLines(import.meta.dirname, anyRow)).toThrow(
      `cannot read ${import.meta.dirname}: it is a folder, not a file`,
    );
  });

  it('want a prompt or messages, not both', () => {
    expect(() => parse('{"id":"a"}', promptRowSchema)).toThrow('f.jsonl:1: needs either prompt or messages');
    expect(() => parse('{"id":"a","prompt":"x","messages":[{"role":"user","content":"y"}]}', promptRowSchema)).toThrow(
      'needs either',
    );
    expect(parse('{"id":"a","prompt":"x","continuation":""}', continuationRowSchema)).toHaveLength(1);
  });

  it('give rows or an IsheepError for any bytes', () => {
    const random = randomStream(5);
    const pieces = [
      '{"id":"a"}',
      '{',
      '}',
      '"',
      '\n',
      '\r\n',
      '\\',
      'é',
      '\ufeff',
      '[]',
      'null',
      ' ',
      '{"id":{"a":1}}',
    ];
    for (let i = 0; i < 2000; i++) {
      const text = Array.from(
        { length: Math.floor(random() * 8) },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join('');
      const bytes = new TextEncoder().encode(text);
      if (random() < 0.3 && bytes.length > 0) bytes[Math.floor(random() * bytes.length)] = 0x80;
      try {
        expect(Array.isArray(parseJsonLines(bytes, 'f', pairRowSchema))).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad-input' });
      }
    }
  });
});
