// From flags, a file and a preset to one checked configuration. Precedence: flags > file > preset > defaults.
// Every problem is found before any work, and all of them are reported at once.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';

import { IsheepError } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest-word.js';
import { whyUnreadable } from '../shared/read-file.js';
import { defaultPreset, presets, type PresetName } from './presets.js';
import { configSchema, type Config } from './schema.js';
import { isSetting, knownKeys, schemaOfKey } from './settings.js';
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
  const flagName = (key: string) => flags.get(key)?.name ?? key;
  const file = sources.file === undefined ? { values: {}, problems: [] } : readConfigFile(sources.file);
  const layers = [
    checkedAlone(file.values, (key) => key),
    checkedAlone(sources.values ?? {}, (key) => key),
    checkedAlone(nested(flags), flagName),
  ];
  const problems = [...file.problems, ...layers.flatMap((layer) => layer.problems)];
  const wrong = layers.flatMap((layer) => layer.wrong);
  // What an unreadable file or an unknown key was to say, nobody knows: the others cannot be held against it.
  if (file.problems.length > 0 || !wrong.every(isSetting)) return { problems };
  const preset = presets[sources.preset ?? defaultPreset];
  const config = configSchema.parse(layers.map(({ values }) => values).reduce(merged, preset));
  problems.push(...problemsWithout(wrong, config, flagName));
  return problems.length > 0 ? { problems } : { config, problems };
}

/** What is wrong with settings together, but for what a wrong value has a part in: a default stands in its place. */
function problemsWithout(wrong: readonly string[], config: Config, nameOf: (key: string) => string): string[] {
  const mark = '\0';
  return problemsTogether(config, (key) => (wrong.includes(key) ? mark : nameOf(key))).filter(
    (problem) => !problem.includes(mark),
  );
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
    return { values: {}, problems: [`--config ${file}: ${whyUnreadable(error)}`] };
  }
}

/** The values that are right, each alone; the keys of the others, and what is wrong with them. */
interface CheckedAlone {
  values: Values;
  wrong: string[];
  problems: string[];
}

function checkedAlone(values: Values, nameOf: (key: string) => string): CheckedAlone {
  const result = configSchema.safeParse(values);
  if (result.success) return { values, wrong: [], problems: [] };
  const { issues } = result.error;
  const wrong = issues.flatMap(keysOfIssue);
  const problems = issues.flatMap((issue) => problemsOfIssue(issue, values, nameOf));
  return { values: wrong.reduce(without, values), wrong, problems: [...new Set(problems)] };
}

/** Dotted. An issue inside a list is one of the whole list. */
function keysOfIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.filter((step): step is string => typeof step === 'string');
  if (issue.code !== 'unrecognized_keys') return [path.join('.')];
  return issue.keys.map((name) => [...path, name].join('.'));
}

function without(values: Values, key: string): Values {
  const [first = '', ...rest] = key.split('.');
  const { [first]: group, ...others } = values;
  return rest.length > 0 && isGroup(group) ? { ...others, [first]: without(group, rest.join('.')) } : others;
}

function problemsOfIssue(issue: z.core.$ZodIssue, values: Values, nameOf: (key: string) => string): string[] {
  if (issue.code === 'unrecognized_keys') {
    return keysOfIssue(issue).map((key) => `No option ${key}.${didYouMean(key, knownKeys())}`);
  }
  const [key = ''] = keysOfIssue(issue);
  const value = key.split('.').reduce<unknown>((group, step) => (isGroup(group) ? group[step] : undefined), values);
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
