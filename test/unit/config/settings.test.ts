import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { configJsonSchema, configurationReference } from '../../../src/config/reference.js';
import { configSchema } from '../../../src/config/schema.js';
import { settings } from '../../../src/config/settings.js';

const docs = path.resolve(import.meta.dirname, '../../../docs');

function leafKeys(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const isGroup = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return isGroup ? leafKeys(inner, `${prefix}${name}.`) : [`${prefix}${name}`];
  });
}

describe('settings', () => {
  it('lists every leaf of the schema, with an option of its own', () => {
    const keys = settings.map((setting) => setting.key);
    for (const key of leafKeys(configSchema.parse({}))) expect(keys).toContain(key);
    expect(new Set(settings.map((setting) => setting.option)).size).toBe(settings.length);
  });

  it('derives the option from the key', () => {
    expect(settings.find((setting) => setting.key === 'train.learningRate')?.option).toBe('train-learning-rate');
  });

  it('describes every setting in words of its own', () => {
    expect(settings.filter((setting) => setting.description.length < 10).map((setting) => setting.key)).toEqual([]);
  });
});

describe('the reference', () => {
  it('is current: docs/configuration.md (npm run docs writes it)', () => {
    expect(readFileSync(path.join(docs, 'configuration.md'), 'utf8')).toBe(configurationReference());
  });

  it('is current: docs/config.schema.json (npm run docs writes it)', () => {
    expect(readFileSync(path.join(docs, 'config.schema.json'), 'utf8')).toBe(configJsonSchema());
  });

  it('shows every option with its default', () => {
    for (const setting of settings) expect(configurationReference()).toContain(`--${setting.option}`);
    expect(configurationReference()).toContain('| `train.rank` | `--train-rank` | `16` |');
  });
});
