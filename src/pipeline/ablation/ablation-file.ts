// A file that says what to compare: settings that all runs share, variants and a grid of settings, and seeds. Read to a list
// of cells, each a whole configuration; every problem of the file and of every configuration is told at once.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

import { presetNames } from '../../config/presets.js';
import { badConfig, checkConfig, nestedValues, type ConfigSources, type Flags } from '../../config/resolve.js';
import type { Config } from '../../config/schema.js';
import { knownKeys } from '../../config/settings.js';
import { didYouMean } from '../../shared/nearest-word.js';
import { whyUnreadable } from '../../shared/read-file.js';

const settings = z.record(z.string(), z.unknown());

const ablationSchema = z.strictObject({
  /** Names the JSON Schema for an editor. */
  $schema: z.string().optional(),
  description: z.string().optional(),
  preset: z.enum(presetNames).optional(),
  /** Of all runs, in the form of a configuration file. */
  settings: settings.default({}),
  variants: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        settings: settings.default({}),
        /** By dotted key, what a number is multiplied by, wherever it comes from. */
        times: z.record(z.string(), z.number().positive()).default({}),
      }),
    )
    .optional(),
  /** Values by dotted key: each combination is a variant, and with `variants` each of them in each combination. */
  grid: z.record(z.string(), z.array(z.unknown()).nonempty()).default({}),
  seeds: z.array(z.number().int().min(0).max(4294967295)).nonempty().default([1, 2, 3]),
  /** The variant that the others are compared with; by default the first. */
  baseline: z.string().optional(),
});

/** One run: a variant with a seed. */
export interface Cell {
  variant: string;
  seed: number;
  config: Config;
}

export interface Ablation {
  description: string;
  variants: string[];
  baseline: string;
  seeds: number[];
  /** By seed, then by variant: after the first seed every variant has run once. */
  cells: Cell[];
}

interface Variant {
  name: string;
  values: Record<string, unknown>;
  times: Readonly<Record<string, number>>;
}

/**
 * `sources`: flags, a preset and a configuration file; flags win over the file's common settings, a seed among them over
 * its list of seeds. Throws `bad-config`.
 */
export function readAblation(file: string, sources: ConfigSources): Ablation {
  const parsed = withSeed(parseFile(file), sources);
  const variants = variantsOf(parsed);
  const names = variants.map(({ name }) => name);
  const ownSeed = variants.filter(({ values }) => 'seed' in values || 'seed' in parsed.settings);
  const problems = [
    ...fileProblems(parsed, names),
    ...flagProblems(variants, sources),
    ...(ownSeed.length > 0 ? ['seed is no setting here: the list "seeds" has them'] : []),
  ];
  const cells: Cell[] = [];
  for (const seed of parsed.seeds) {
    for (const { name, values, times } of variants) {
      const own = deepMerged(parsed.settings, { ...values, seed });
      const checked = multiplied({ ...withPreset(withoutFlags(sources, values), parsed), values: own }, times);
      if (checked.config) cells.push({ variant: name, seed, config: checked.config });
      problems.push(...checked.problems.map((problem) => `${name}: ${problem}`));
    }
  }
  if (problems.length > 0)
    throw badConfig(
      [...new Set(problems)].map((problem) => `${file}: ${problem}`),
      hint,
    );
  const { description = '', baseline = names[0] ?? '', seeds } = parsed;
  return { description, variants: names, baseline, seeds, cells };
}

function withSeed(parsed: z.infer<typeof ablationSchema>, { flags }: ConfigSources): z.infer<typeof ablationSchema> {
  const seed = flags?.get('seed')?.value;
  return typeof seed === 'number' ? { ...parsed, seeds: [seed] } : parsed;
}

const hint = 'docs/ablations.md describes the file; docs/configuration.md lists every key';

function parseFile(file: string): z.infer<typeof ablationSchema> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw badConfig([`${file}: ${whyUnreadable(error)}`], hint);
  }
  const result = ablationSchema.safeParse(content);
  if (result.success) return result.data;
  throw badConfig(
    result.error.issues.map((issue) => `${file}: ${issueInWords(issue)}`),
    hint,
  );
}

function issueInWords(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return `${issue.path.join('.') || 'the file'}: ${issue.message}`;
  const known = Object.keys(ablationSchema.shape).filter((key) => !key.startsWith('$'));
  return issue.keys.map((key) => `no key ${[...issue.path, key].join('.')}.${didYouMean(key, known)}`).join('; ');
}

/** The configuration with some numbers multiplied. */
function multiplied(sources: ConfigSources, times: Variant['times']): ReturnType<typeof checkConfig> {
  const { config, problems } = checkConfig(sources);
  if (!config || Object.keys(times).length === 0) return config ? { config, problems } : { problems };
  const flags = new Map(sources.flags ?? []);
  for (const [key, factor] of Object.entries(times)) {
    const [first = '', second] = key.split('.');
    const group = (config as Record<string, unknown>)[first];
    const value = second === undefined ? group : (group as Record<string, unknown> | undefined)?.[second];
    if (typeof value !== 'number') return { problems: [`times: ${key} is no setting that is a number`] };
    flags.set(key, { value: value * factor, name: `${key} times ${factor}` });
  }
  return checkConfig({ ...sources, flags });
}

/** Each variant in each combination of the grid; a combination is named by its settings. */
function variantsOf({ variants, grid }: z.infer<typeof ablationSchema>): Variant[] {
  let combinations: [string, unknown][][] = [[]];
  for (const [key, values] of Object.entries(grid)) {
    combinations = combinations.flatMap((one) => values.map((value): [string, unknown][] => [...one, [key, value]]));
  }
  const named = variants ?? [{ name: '', settings: {}, times: {} }];
  return named.flatMap(({ name, settings: own, times }) =>
    combinations.map((combination) => {
      const words = combination.map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      return {
        name: [name, ...words].filter((word) => word !== '').join(', ') || 'as configured',
        values: deepMerged(own, nestedValues(new Map(combination))),
        times,
      };
    }),
  );
}

function fileProblems({ grid, baseline, seeds }: z.infer<typeof ablationSchema>, names: readonly string[]): string[] {
  const known = new Set(knownKeys());
  const twice = names.filter((name, i) => names.indexOf(name) < i);
  return [
    ...Object.keys(grid)
      .filter((key) => !known.has(key))
      .map((key) => `grid: no option ${key}.${didYouMean(key, known)}`),
    ...(names.length < 2 ? ['there is one variant only, and nothing to compare it with'] : []),
    ...[...new Set(twice)].map((name) => `there are two variants "${name}"`),
    ...(new Set(seeds).size < seeds.length ? [`seeds: one stands there twice: ${seeds.join(', ')}`] : []),
    ...(baseline !== undefined && !names.includes(baseline)
      ? [`baseline: no variant "${baseline}".${didYouMean(baseline, names)}`]
      : []),
  ];
}

/** A flag that every variant overrides would be read by none. */
function flagProblems(variants: readonly Variant[], { flags = new Map() }: ConfigSources): string[] {
  const keys = variants.map(({ values }) => new Set(dottedKeys(values)));
  return [...(flags as Flags)]
    .filter(([key]) => keys.every((own) => own.has(key)))
    .map(([, { name }]) => `${name}: every variant sets this itself`);
}

/** What a variant is about wins over the command line. */
function withoutFlags({ flags = new Map(), ...sources }: ConfigSources, values: Variant['values']): ConfigSources {
  const own = new Set(dottedKeys(values));
  return { ...sources, flags: new Map([...(flags as Flags)].filter(([key]) => !own.has(key))) };
}

function dottedKeys(values: Record<string, unknown>): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    isGroup(value) ? Object.keys(value).map((inner) => `${key}.${inner}`) : [key],
  );
}

function withPreset(sources: ConfigSources, { preset }: z.infer<typeof ablationSchema>): ConfigSources {
  return sources.preset === undefined && preset !== undefined ? { ...sources, preset } : sources;
}

function deepMerged(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const result = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const before = result[key];
    result[key] = isGroup(before) && isGroup(value) ? { ...before, ...value } : value;
  }
  return result;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
