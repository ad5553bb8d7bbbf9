import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { readRecords, readRecordsOf } from '../../../src/shared/records.js';
import { fileOf } from '../../support/evaluate.js';

const schema = z.looseObject({ name: z.string() });

test('a list and lines give the same records, each with its place', () => {
  const rows = [{ name: 'a' }, { name: 'b', more: 1 }];
  const lines = fileOf(rows, 'rows.jsonl');
  const list = fileOf(`\uFEFF ${JSON.stringify(rows, null, 2)}`, 'rows.json');
  const text = (i: number) => JSON.stringify(rows[i]);
  expect(readRecords(lines, schema)).toEqual(
    rows.map((record, i) => ({ place: `${lines}:${i + 1}`, record, text: text(i) })),
  );
  expect(readRecords(list, schema)).toEqual(
    rows.map((record, i) => ({ place: `${list}, record ${i + 1}`, record, text: text(i) })),
  );
});

test('a packed file is read like any other, and a damaged one is refused', () => {
  const file = fileOf('');
  writeFileSync(file, gzipSync('{"name": "a", "share": 1.0}\n'));
  expect(readRecords(file, schema)).toMatchObject([{ record: { name: 'a' }, text: '{"name": "a", "share": 1.0}' }]);
  writeFileSync(file, gzipSync('{"name": "a"}\n').subarray(0, 12));
  expect(() => readRecords(file, schema)).toThrow(/cannot be unpacked/);
});

test('all bad records are named; of many the number', () => {
  const bad = fileOf(JSON.stringify([{ name: 'a' }, {}, 7, { name: 3 }]), 'rows.json');
  expect(() => readRecords(bad, schema)).toThrow(
    /3 problems .*record 2: name is missing; .*record 3: not an object: 7; .*record 4: name must be a string; 3 is not/,
  );
  const many = fileOf(JSON.stringify(Array.from({ length: 25 }, () => ({}))), 'rows.json');
  expect(() => readRecords(many, schema)).toThrow(/25 problems .*; and 5 more$/);
  expect(() => readRecords(fileOf('[1, ', 'rows.json'), schema)).toThrow(/not valid JSON/);
});

test('the first record tells the form of a file', () => {
  const forms = [
    { field: 'b', schema: z.looseObject({ b: z.number() }) },
    { field: 'a', schema: z.looseObject({ a: z.number() }) },
  ];
  expect(readRecordsOf<object>(fileOf([{ a: 1 }, { a: 2, b: 3 }]), forms)).toHaveLength(2);
  expect(() => readRecordsOf<object>(fileOf([{ b: 1 }, { a: 2 }]), forms)).toThrow(/:2: b is missing/);
  expect(() => readRecordsOf<object>(fileOf([{ c: 1 }]), forms)).toThrow(/:1: a is missing/);
});
