// Every setting as data, read from the schema: one leaf key is one setting is one command-line option. Because the list
// is derived, an option or a line of the reference cannot be missing.
import { configSchema } from './schema.js';
import { valueSchema, type ValueSchema } from './wording.js';

export interface Setting {
  /** `train.learningRate`, as in a file. */
  key: string;
  /** `train-learning-rate`, as on the command line. */
  option: string;
  /** `train`; empty for the settings of the whole run. */
  section: string;
  description: string;
  /** Type, range and default in the terms of JSON Schema. */
  schema: ValueSchema;
}

export const settings: readonly Setting[] = collectSettings(valueSchema(configSchema), []);

const settingsByKey = new Map(settings.map((setting) => [setting.key, setting]));
const sections = new Set(settings.map((setting) => setting.section).filter((section) => section !== ''));

/** The setting of a key; a key that does not exist is a mistake in our own code. */
export function settingOf(key: string): Setting {
  const setting = settingsByKey.get(key);
  if (!setting) throw new Error(`the schema has no key ${key}`);
  return setting;
}

export function isSetting(key: string): boolean {
  return settingsByKey.has(key);
}

/** The schema of a setting or of a whole section, or undefined for an unknown key. */
export function schemaOfKey(key: string): ValueSchema | undefined {
  return settingsByKey.get(key)?.schema ?? (sections.has(key) ? { type: 'object' } : undefined);
}

/** All keys that a file may hold, sections included. */
export function knownKeys(): string[] {
  return [...settingsByKey.keys(), ...sections];
}

/** The default in words, as the reference and --help show it. */
export function defaultInWords(schema: ValueSchema): string | undefined {
  const { default: value } = schema;
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function collectSettings(schema: ValueSchema, path: readonly string[]): Setting[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, child]): Setting[] => {
    const keyPath = [...path, name];
    if (child.type === 'object') return collectSettings(child, keyPath);
    return [
      {
        key: keyPath.join('.'),
        option: keyPath.map(kebabCase).join('-'),
        section: path.join('.'),
        description: child.description ?? '',
        schema: child,
      },
    ];
  });
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
