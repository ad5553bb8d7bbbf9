// Feeds each rule of ours a violation, through the configuration that `npm run lint` uses.
import path from 'node:path';
import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';

import { layerRule, layerViolation } from '../../../scripts/lint/layer-rule.mjs';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const configFile = path.join(root, 'scripts', 'lint', 'eslint.config.mjs');

describe('the layers of src/', () => {
  test.each([
    ['native/a.ts', 'engine/b.ts', 'native must not import engine: it may import config, shared'],
    ['stages/filter/a.ts', 'pipeline/b.ts', 'stages must not import pipeline: it may import engine, config, shared'],
    ['stages/filter/a.ts', 'store/b.ts', 'stages must not import store: it may import engine, config, shared'],
    [
      'stages/filter/a.ts',
      'stages/respond/b.ts',
      'the stage filter must not import the stage respond: stages know only rows and the engine',
    ],
    ['stages/a.ts', 'native/b.ts', 'stages must not import native: it may import engine, config, shared'],
    [
      'cli/a.ts',
      'store/b.ts',
      'cli must not import store: it may import pipeline, stages, engine, report, config, shared',
    ],
    ['shared/a.ts', 'config/b.ts', 'shared must not import config: it may import nothing else'],
    ['somewhere/a.ts', 'shared/b.ts', 'src/somewhere is in no layer: add it to scripts/lint/layer-rule.mjs'],
    ['cli/a.ts', 'index.ts', 'src/index.ts is for users of the package, not for its own code'],
  ])('%s must not import %s', (from, to, message) => {
    expect(layerViolation(from, to)).toBe(message);
  });

  test.each([
    ['cli/commands/run.ts', 'pipeline/run.ts'],
    ['pipeline/run.ts', 'store/run-store.ts'],
    ['pipeline/run.ts', 'stages/filter/index.ts'],
    ['stages/filter/filters/novelty.ts', 'stages/filter/verdict.ts'],
    ['stages/filter/index.ts', 'stages/rouge-l.ts'],
    ['engine/generator.ts', 'native/load-addon.ts'],
    ['index.ts', 'pipeline/run.ts'],
  ])('%s may import %s', (from, to) => {
    expect(layerViolation(from, to)).toBeUndefined();
  });

  test('imports, re-exports, types and dynamic imports all count', () => {
    const code = [
      "import { a } from '../pipeline/run.js';",
      "import type { B } from '../pipeline/run.js';",
      "export { c } from '../pipeline/run.js';",
      "export * from '../pipeline/run.js';",
      "await import('../pipeline/run.js');",
      "import { d } from '../../scripts/start.mjs';",
      "import { e } from 'node:fs';",
    ];
    const config: Linter.Config = {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser },
      plugins: { isheep: { rules: { layers: layerRule as never } } },
      rules: { 'isheep/layers': 'error' },
    };
    const file = path.join(root, 'src', 'engine', 'made-up.ts');
    const found = new Linter({ cwd: root }).verify(code.join('\n'), config, file);
    expect(found.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

test('the limits, the layers and the strict rules are active, and no comment turns them off', async () => {
  const eslint = new ESLint({ cwd: root, overrideConfigFile: configFile });
  const config = (await eslint.calculateConfigForFile(path.join(root, 'src', 'engine', 'engine.ts'))) as Linter.Config;
  expect(config.rules).toMatchObject({
    'max-lines': [2, { max: 400 }],
    'max-lines-per-function': [2, { max: 60 }],
    'no-warning-comments': [2, { terms: ['todo', 'fixme', 'xxx'] }],
    'isheep/layers': [2],
    '@typescript-eslint/no-explicit-any': [2],
    '@typescript-eslint/no-floating-promises': [2],
    '@typescript-eslint/ban-ts-comment': [2, expect.anything()],
  });
  expect(config.linterOptions).toMatchObject({ noInlineConfig: true });
  const test = (await eslint.calculateConfigForFile(path.join(root, 'test', 'made-up.ts'))) as Linter.Config;
  expect(test.rules).toMatchObject({ 'max-lines': [2, { max: 400 }] });
});
