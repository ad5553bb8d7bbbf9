import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { settings } from '../../../src/config/settings.js';
import { describeRun, differences, runName, speedOnlyKeys } from '../../../src/pipeline/run-config.js';
import { loadInputs } from '../../../src/pipeline/run-inputs.js';
import { runFolder, type RunFolder } from '../../support/run-folder.js';

let folder: RunFolder;
beforeEach(() => {
  folder = runFolder();
});
afterEach(() => folder.remove());

const describeFolder = ({ config, modelPath }: RunFolder) => describeRun(config, { modelPath }, loadInputs(config));

test('a run has the same name in another folder, and another one with another seed, base or seed tasks', () => {
  const other = runFolder();
  expect(runName(describeFolder(other))).toBe(runName(describeFolder(folder)));
  const name = runName(describeFolder(folder));
  expect(runName(describeFolder({ ...folder, config: { ...folder.config, seed: 2 } }))).not.toBe(name);
  writeFileSync(other.modelPath, 'other weights');
  expect(runName(describeFolder(other))).not.toBe(name);
  writeFileSync(path.join(folder.dir, 'seeds.jsonl'), '{"id":"only","instruction":"Name a colour."}\n');
  expect(runName(describeFolder(folder))).not.toBe(name);
  other.remove();
});

test('what differs is named with what it was and is, sorted, and a path alone is no difference', () => {
  const started = describeFolder(folder);
  const { config } = folder;
  const asked = {
    ...started,
    config: { ...config, model: 'elsewhere.gguf', train: { ...config.train, targets: ['q' as const] } },
    versions: { ...started.versions, isheep: '9.9.9' },
  };
  expect(differences(started, started)).toEqual([]);
  expect(differences(started, asked)).toEqual([
    { key: 'isheep', old: started.versions.isheep, new: '9.9.9' },
    { key: 'train.targets', old: '["q","k","v","o","gate","up","down"]', new: '["q"]' },
  ]);
});

test('more iterations are no difference, and no other name; fewer are one', () => {
  const started = describeFolder(folder);
  const withCount = (iterations: number) => ({ ...started, config: { ...folder.config, iterations } });
  expect(differences(withCount(2), withCount(3))).toEqual([]);
  expect(differences(withCount(2), withCount(1))).toEqual([{ key: 'iterations', old: '2', new: '1' }]);
  expect(runName(withCount(3))).toBe(runName(withCount(2)));
});

test('that seeds are named is a difference where it decides how instructions are written', () => {
  const { synthesize } = folder.config;
  const withSeeds = (method: 'auto' | 'seeds', seeds: string | undefined) => ({
    ...describeFolder(folder),
    config: { ...folder.config, synthesize: { ...synthesize, method }, seeds },
  });
  expect(differences(withSeeds('auto', undefined), withSeeds('auto', 'seeds.jsonl'))).toEqual([
    { key: 'seeds', old: 'not set', new: 'given' },
  ]);
  expect(differences(withSeeds('seeds', undefined), withSeeds('seeds', 'seeds.jsonl'))).toEqual([]);
});

test('only settings that exist are speed-only', () => {
  const keys = settings.map((setting) => setting.key);
  expect(speedOnlyKeys.filter((key) => !keys.includes(key))).toEqual([]);
});

test('other threads are no difference, and no other name', () => {
  const started = describeFolder(folder);
  const asked = { ...started, config: { ...folder.config, threads: 7 } };
  expect(differences(started, asked)).toEqual([]);
  expect(runName(asked)).toBe(runName(started));
});

test('a key that one side does not set is named as not set', () => {
  const started = describeFolder(folder);
  const asked = { ...started, config: { ...folder.config, filter: { rules: ['novelty' as const] } } };
  expect(differences(started, asked)).toEqual([{ key: 'filter.rules', old: 'not set', new: '["novelty"]' }]);
});

test('evaluation files are known by what they hold, and leave no trace where none are given', () => {
  const described = (name: string, text: string) => {
    const file = path.join(folder.dir, name);
    writeFileSync(file, text);
    const config = { ...folder.config, filter: { evaluationFiles: [file] } };
    return describeRun(config, folder, loadInputs(config));
  };
  const here = described('here.txt', 'How many legs does a spider have?');
  expect(runName(described('elsewhere.txt', 'How many legs does a spider have?'))).toBe(runName(here));
  expect(runName(described('here.txt', 'How many legs does a spider h\nave?'))).not.toBe(runName(here));
  expect(here.inputs.evaluation?.texts).toBe(2);
  const without = describeRun(folder.config, folder, loadInputs(folder.config));
  expect(without.inputs).not.toHaveProperty('evaluation');
  expect(differences(without, here)).toEqual([
    { key: 'evaluation (sha256)', old: 'not set', new: here.inputs.evaluation?.sha256 },
  ]);
});

test('a chat template is known by its name, or by its text', () => {
  const file = path.join(folder.dir, 'template.jinja');
  const text = '{{ messages[0].content }}';
  writeFileSync(file, text);
  const by = (chatTemplate: string) => describeFolder({ ...folder, config: { ...folder.config, chatTemplate } });
  const [named, fromFile] = [by('chatml'), by(file)];
  expect(by(text).inputs).toEqual(fromFile.inputs);
  expect(named.inputs.chatTemplate).toBe('chatml');
  expect(fromFile.inputs.chatTemplate).toMatch(/^sha256:[0-9a-f]{64}$/);
});
