import { expect, test } from 'vitest';

import { cppViolations } from '../../../scripts/lint/cpp-rules.mjs';

const messages = (file: string, text: string) =>
  cppViolations(file, text).map(({ line, message }) => `${line}: ${message}`);

const body = (lines: number) => Array.from({ length: lines }, (_, i) => `    f(${i});`).join('\n');

test('a file has at most 400 lines', () => {
  expect(messages('common/a.cpp', 'int a;\n'.repeat(400))).toEqual([]);
  expect(messages('common/a.cpp', 'int a;\n'.repeat(401))).toEqual(['401: 401 lines; at most 400']);
});

test('a line has at most 120 columns', () => {
  expect(messages('common/a.cpp', `// ${'x'.repeat(118)}\n`)).toEqual(['1: longer than 120 columns']);
});

test.each([
  ['a function', 'void f() {', 'f'],
  ['a method', 'int A::run(int x) const {', 'A::run'],
  ['a template', 'template <typename T> T pick(const std::vector<T> & all) {', 'pick'],
  ['a constructor with initializers', 'A::A(int x)\n    : x_(x), y_(2) {', 'A::A'],
])('%s has at most 60 lines, its head and braces included', (_, head, name) => {
  const headLines = head.split('\n').length;
  const inNamespace = (lines: number) => `namespace n {\n${head}\n${body(lines)}\n}\n}\n`;
  expect(messages('common/a.cpp', inNamespace(59 - headLines))).toEqual([]);
  expect(messages('common/a.cpp', inNamespace(60 - headLines))).toEqual([`2: ${name} has 61 lines; at most 60`]);
});

test('methods inside a class are measured each alone; lambdas belong to the function around them', () => {
  const methods = `class A {\npublic:\n    void f() {\n${body(40)}\n    }\n    void g() {\n${body(40)}\n    }\n};\n`;
  expect(messages('common/a.h', methods)).toEqual([]);
  const lambdas = `void f() {\n    g([&] {\n${body(40)}\n    });\n    g([&] {\n${body(40)}\n    });\n}\n`;
  expect(messages('common/a.cpp', lambdas)).toEqual(['1: f has 86 lines; at most 60']);
});

test('braces in comments, strings and macros count for nothing', () => {
  const text = `#define OPEN {\n// {\n/* { */\nconst char * a = "{";\nconst char b = '{';\nvoid f() {\n${body(70)}\n}\n`;
  expect(messages('common/a.cpp', text)).toEqual(['6: f has 72 lines; at most 60']);
});

test.each([
  ['common/a.cpp', '#include <napi.h>', 'only binding/ and addon.cpp may include napi.h'],
  ['common/a.cpp', '#include "training/trainer.h"', 'common must not include training: it may include nothing else'],
  ['inference/a.cpp', '#include "training/loss.h"', 'inference must not include training: it may include common'],
  [
    'training/a.cpp',
    '#include "binding/worker.h"',
    'training must not include binding: it may include adapter, common',
  ],
  ['training/a.cpp', '#include "ggml-impl.h"', 'ggml-impl.h is not a public header of llama.cpp'],
  ['training/a.cpp', '#include "llama-model.h"', 'llama-model.h is not a public header of llama.cpp'],
  ['training/a.cpp', '#include "../common/status.h"', 'name ours from native/: "<folder>/status.h"'],
])('%s must not have %s', (file, line, message) => {
  expect(messages(file, `${line}\n`)).toEqual([`1: ${message}`]);
});

test.each([
  ['addon.cpp', '#include <napi.h>'],
  ['binding/a.cpp', '#include "training/trainer.h"'],
  ['training/a.cpp', '#include "common/status.h"'],
  ['training/a.cpp', '#include "adapter/lora-file.h"'],
  ['training/a.cpp', '#include "ggml-backend.h"'],
  ['training/a.cpp', '#include <vector>'],
])('%s may have %s', (file, line) => {
  expect(messages(file, `${line}\n`)).toEqual([]);
});
