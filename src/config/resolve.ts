// From flags, a file and a preset to one checked configuration. Precedence: flags > file > preset > defaults.
// Every problem is found before any work, and all of them are reported at once.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';

import { IsheepError } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest-word.js';
import { defaultPreset, presets, type PresetName } from './presets.js';
import { configSchema, type Config } from './schema.js';
import { knownKeys, schemaOfKey } from './settings.js';
import { problemsTogether } from './together.js';
import { badValue } from './wording.js';

/** Values by key (`train.rank`), with the name under which the person gave each (`--rank`). */
export type Flags = ReadonlyMap<string, { value: unknown; name: string }>;

export interface ConfigSources {
  flags?: Flags;
  /** As in a file, laid over it. */
  values?: Record<string, unknown>;
  /** A JSON file. */
  file?: string;
  preset?: PresetName;
}

/** The configuration. Throws `bad-config` that lists every problem, one a line. */
export function resolveConfig(sources: ConfigSources = {}): Config {
  const checked = checkConfig(sources);
  if (checked.config) return checked.config;
  throw badConfig(checked.problems);
}

/** As resolveConfig, for callers that have problems of their own to report at the same time. */
export function checkConfig(sources: ConfigSources): { config?: Config; problems: string[] } {
  const flags = sources.flags ?? new Map<string, { value: unknown; name: string }>();
  const file = sources.file === undefined ? { values: {}, problems: [] } : readConfigFile(sources.file);
  const flagValues = nested(flags);
  const values = sources.values ?? {};
  const problems = [
    ...file.problems,
    ...problemsOf(file.values, (key) => key),
    ...problemsOf(values, (key) => key),
    ...problemsOf(flagValues, (key) => flags.get(key)?.name ?? key),
  ];
  if (problems.length > 0) return { problems };
  const preset = presets[sources.preset ?? defaultPreset];
  const config = configSchema.parse([file.values, values, flagValues].reduce(merged, preset));
  const together = problemsTogether(config, (key) => flags.get(key)?.name ?? key);
  return together.length > 0 ? { problems: together } : { config, problems };
}

export function badConfig(
  problems: readonly string[],
  hint = 'docs/configuration.md lists every key; isheep run --help every option',
): IsheepError {
  return new IsheepError('bad-config', problems.join('\n'), { hint });
}

type Values = Record<string, unknown>;

function readConfigFile(file: string): { values: Values; problems: string[] } {
  try {
    const values: unknown = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
    if (!isGroup(values)) return { values: {}, problems: [`${file} must hold one JSON object, { "key": value, … }`] };
    delete values.$schema; // names the JSON Schema for an editor; not a setting
    return { values, problems: [] };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'there is no such file' : (error as Error).message;
    return { values: {}, problems: [`--config ${file}: ${reason}`] };
  }
}

function problemsOf(values: Values, nameOf: (key: string) => string): string[] {
  const result = configSchema.safeParse(values);
  if (result.success) return [];
  const problems = result.error.issues.flatMap((issue) => problemsOfIssue(issue, values, nameOf));
  return [...new Set(problems)];
}

function problemsOfIssue(issue: z.core.$ZodIssue, values: Values, nameOf: (key: string) => string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => {
      const key = [...issue.path, name].join('.');
      return `No option ${key}.${didYouMean(key, knownKeys())}`;
    });
  }
  // An issue inside a list is worded for the whole list.
  const path = issue.path.filter((step): step is string => typeof step === 'string');
  const key = path.join('.');
  const value = path.reduce<unknown>((group, step) => (isGroup(group) ? group[step] : undefined), values);
  const schema = schemaOfKey(key);
  return [schema ? badValue(nameOf(key), schema, value) : `${nameOf(key)}: ${issue.message}`];
}

function nested(flags: Flags): Values {
  return nestedValues(new Map(Array.from(flags, ([key, { value }]) => [key, value])));
}

/** Values by dotted key as a file has them, group by group. */
export function nestedValues(byKey: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const values: Values = {};
  for (const [key, value] of byKey) {
    const [first = '', second] = key.split('.');
    if (second === undefined) values[first] = value;
    else values[first] = { ...(values[first] as Values | undefined), [second]: value };
  }
  return values;
}

/** `over` laid over `under`, group by group; lists are replaced whole. */
function merged(under: Values, over: Values): Values {
  const result: Values = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const before = result[name];
    result[name] = isGroup(before) && isGroup(value) ? merged(before, value) : value;
  }
  return result;
}

function isGroup(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
