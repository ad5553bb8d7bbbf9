// From the words of a command line to one checked call: yargs splits and helps, this file checks. Every problem of a
// command line and its configuration is found here, and all are told at once.
import yargs, { type Argv } from 'yargs';

import { presetNames } from '../config/presets.js';
import { badConfig, checkConfig, type ConfigSources, type Flags } from '../config/resolve.js';
import type { Config } from '../config/schema.js';
import { badValue } from '../config/wording.js';
import { IsheepError } from '../shared/errors.js';
import { didYouMean } from '../shared/nearest-word.js';
import { isSameFile, placeOf, whyUnwritable } from '../shared/writable.js';
import { OptionValues, type Command } from './command.js';
import { optionDefault, outputOptions, requiredInWords, valueInWords, type CommandOption } from './options.js';

export type Arguments =
  | { kind: 'command'; command: Command; values: OptionValues; config: Config; sources: ConfigSources }
  /** Help or the version, to be printed. */
  | { kind: 'text'; text: string };

export interface KnownCommands {
  commands: readonly Command[];
  /** Verbs that are planned: an error says so. */
  planned: readonly string[];
  version: string;
  columns: number;
}

type RawValues = Record<string, unknown> & { _: (string | number)[] };

export function readArguments(words: readonly string[], known: KnownCommands): Arguments {
  let chosen: { command: Command; raw: RawValues } | undefined;
  let text = '';
  const parser = createParser(known, (command, raw) => (chosen = { command, raw }));
  const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : [...words];
  const raw = parser.parse(asked, {}, (_error, _parsed, output) => {
    text = output;
  }) as RawValues;
  if (text !== '') return { kind: 'text', text };
  if (!chosen) throw noCommand(raw, known);
  return checkedCall(chosen.command, chosen.raw);
}

function createParser(known: KnownCommands, choose: (command: Command, raw: RawValues) => void): Argv {
  const parser = yargs()
    .scriptName('isheep')
    .locale('en')
    .parserConfiguration({ 'camel-case-expansion': false, 'dot-notation': false })
    .usage('$0 <command> [options]')
    .wrap(Math.min(known.columns, 120))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message: string, error: Error | undefined) => {
      throw (
        error ?? new IsheepError('bad-config', message, { hint: 'isheep --help lists the commands and their options' })
      );
    })
    .version(known.version)
    .help()
    .alias('help', 'h')
    .epilogue('isheep <command> --help shows every option of a command with its default.');
  for (const command of known.commands) addCommand(parser, command, choose);
  for (const name of known.planned) addPlanned(parser, name);
  return parser;
}

function addCommand(parser: Argv, command: Command, choose: (command: Command, raw: RawValues) => void): void {
  const { positional } = command;
  // Optional for yargs even where it is required, so that what is missing is told with everything else.
  const word = positional ? ` [${positional.name}]` : '';
  parser.command(
    `${command.name}${word}`,
    command.summary,
    (builder: Argv) => {
      builder.usage(`isheep ${command.name}${word} [options]\n\n${command.summary}`).epilogue('');
      if (positional) builder.positional(positional.name, { describe: positional.description, type: 'string' });
      for (const option of optionsOf(command)) builder.option(option.name, yargsOption(option));
      builder.group(['help', 'version'], 'Common options:');
      for (const [line, meaning] of command.examples ?? []) builder.example(line, meaning);
      return builder;
    },
    (raw) => choose(command, raw as unknown as RawValues),
  );
}

function addPlanned(parser: Argv, name: string): void {
  parser.command(
    name,
    false,
    (builder: Argv) => builder.help(false).version(false),
    () => {
      throw new IsheepError('bad-config', `isheep ${name} does not exist yet`, {
        hint: 'isheep --help lists what does',
      });
    },
  );
}

function optionsOf(command: Command): CommandOption[] {
  return [...command.options, ...outputOptions];
}

function yargsOption(option: CommandOption): Record<string, unknown> {
  const { schema } = option;
  const isBoolean = schema.type === 'boolean';
  // Numbers are not declared as such: yargs would turn "eight" into NaN, and the message could not name it.
  const isText = schema.type === 'string' || schema.type === 'array';
  const byDefault = option.required ? undefined : optionDefault(option);
  return {
    describe: `${option.description}${valueInWords(option)}${option.required ? ` (${requiredInWords(option)})` : ''}`,
    group: option.group,
    ...(isBoolean ? { type: 'boolean' } : {}),
    ...(isText ? { type: 'string' } : {}),
    ...(option.repeatable ? { array: true } : {}),
    ...(byDefault === undefined ? {} : { defaultDescription: byDefault }),
  };
}

function isMissing({ name, required = false, unless }: CommandOption, raw: RawValues): boolean {
  return required && raw[name] === undefined && (unless === undefined || raw[unless] === undefined);
}

function noCommand(raw: RawValues, known: KnownCommands): IsheepError {
  const word = String(raw._[0] ?? '');
  const names = known.commands.map((command) => command.name);
  const message = word === '' ? 'no command was given' : `No command ${word}.${didYouMean(word, names, 'isheep ')}`;
  return new IsheepError('bad-config', message, { hint: `the commands are ${names.join(', ')}` });
}

function checkedCall(command: Command, raw: RawValues): Arguments {
  const options = new Map(optionsOf(command).map((option) => [option.name, option]));
  const problems = [...strayWords(command, raw), ...unknownOptions(command, raw, options)];
  const values = new Map<string, unknown>();
  const flags = new Map<string, { value: unknown; name: string }>();
  for (const option of options.values()) {
    const given = raw[option.name];
    const value = rawValue(option, given, problems);
    if (value === undefined) {
      if (isMissing(option, raw)) problems.push(`isheep ${command.name} needs --${option.name}: ${option.description}`);
    } else if (option.key === undefined) {
      const problem = problemOf(option, value);
      if (problem !== undefined) problems.push(problem);
      else values.set(option.name, value);
    } else {
      flags.set(option.key, { value, name: `--${option.name}` });
      values.set(option.name, value);
    }
  }
  checkPositional(command, raw, values, problems);
  problems.push(...replacedInputs(options, values));
  const sources = configSources(values, flags);
  const checked = checkConfig(sources);
  const all = [...problems, ...checked.problems];
  if (all.length > 0 || !checked.config) throw badConfig(all, `isheep ${command.name} --help shows every option`);
  return { kind: 'command', command, values: new OptionValues(values), config: checked.config, sources };
}

/** What is wrong with the value of an option that is no setting. */
function problemOf({ name, check, schema, writes }: CommandOption, value: unknown): string | undefined {
  if (!check?.safeParse(value).success) return badValue(`--${name}`, schema, value);
  const why = writes === undefined ? undefined : whyUnwritable(String(value), writes);
  return why === undefined ? undefined : `--${name} ${String(value)}: ${why}`;
}

/** What would be read, or written, and then replaced: a model, above all. */
function replacedInputs(options: ReadonlyMap<string, CommandOption>, values: ReadonlyMap<string, unknown>): string[] {
  const given = [...values].map(([name, value]): [string, string[]] => [name, [value].flat().map(String)]);
  const written = given.filter(([name]) => options.get(name)?.writes === 'file');
  // What is not there yet has a place, too.
  const isSame = (file: string, one: string, other: string) =>
    isSameFile(file, one) || (options.get(other)?.writes === 'file' && placeOf(file) === placeOf(one));
  return written.flatMap(([name, [file = '']]) =>
    given
      .filter(([other, files]) => other !== name && files.some((one) => isSame(file, one, other)))
      .map(([other]) => `--${name} ${file}: it is the file of --${other}, which would be replaced`),
  );
}

function configSources(values: ReadonlyMap<string, unknown>, flags: Flags): ConfigSources {
  const file = values.get('config');
  const preset = presetNames.find((name) => name === values.get('preset'));
  return { flags, ...(typeof file === 'string' ? { file } : {}), ...(preset ? { preset } : {}) };
}

function strayWords(command: Command, raw: RawValues): string[] {
  return raw._.slice(1).map((word) => `isheep ${command.name} does not take "${word}"`);
}

function unknownOptions(command: Command, raw: RawValues, options: ReadonlyMap<string, CommandOption>): string[] {
  const own = new Set(['_', '$0', 'help', 'h', 'version', command.positional?.name ?? '_', ...options.keys()]);
  return Object.keys(raw)
    .filter((name) => !own.has(name))
    .map((name) => {
      const sameKey = [...options.values()].find((option) => option.key === name);
      if (sameKey) return `No option --${name}. Did you mean --${sameKey.name}?`;
      const asOption = name.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      return `No option ${name.length === 1 ? '-' : '--'}${name}.${didYouMean(asOption, options.keys(), '--')}`;
    });
}

/** What yargs found, as the value that the checks expect: lists are split at commas. Undefined where there is none. */
function rawValue(option: CommandOption, raw: unknown, problems: string[]): unknown {
  const values: unknown[] = raw === undefined ? [] : Array.isArray(raw) ? raw : [raw];
  if (raw === undefined) return undefined;
  // Without a value yargs has "" for texts, true for numbers, and an empty list.
  const isBoolean = option.schema.type === 'boolean';
  if (!isBoolean && (values.length === 0 || values.some((value) => value === '' || value === true))) {
    problems.push(`--${option.name} needs a value: ${option.description}`);
    return undefined;
  }
  if (option.repeatable) return values;
  if (values.length > 1) {
    problems.push(`--${option.name} was given ${values.length} times; give it once`);
    return undefined;
  }
  const [value] = values;
  if (option.schema.type !== 'array' || typeof value !== 'string') return value;
  return value.split(',').map((item) => item.trim());
}

function checkPositional(command: Command, raw: RawValues, values: Map<string, unknown>, problems: string[]): void {
  const { positional } = command;
  const value = positional ? raw[positional.name] : undefined;
  if (!positional) return;
  if (typeof value !== 'string') {
    if (positional.required) problems.push(`isheep ${command.name} needs ${positional.description}`);
    return;
  }
  const { choices } = positional;
  if (!choices || choices.includes(value)) values.set(positional.name, value);
  else
    problems.push(
      `isheep ${command.name} knows ${choices.join(', ')}; "${value}" is none of them.${didYouMean(value, choices)}`,
    );
}
