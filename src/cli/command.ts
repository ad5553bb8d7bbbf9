// What a command is: data for the help and the checks, and one function that does the work. Commands wire and print; the
// work itself is in src/pipeline/.
import type { ConfigSources } from '../config/resolve.js';
import type { Config } from '../config/schema.js';
import type { EngineOptions } from '../engine/create-engine.js';
import type { EngineFactory } from '../engine/engine-factory.js';
import { IsheepError } from '../shared/errors.js';
import type { Interrupts } from './interrupts.js';
import type { CommandOption } from './options.js';
import type { Output } from './output.js';
import type { ProgressLine } from './progress-line.js';

export interface Command {
  name: string;
  summary: string;
  /** One word after the command: `isheep show dataset`. */
  positional?: { name: string; description: string; choices?: readonly string[]; required: boolean };
  options: readonly CommandOption[];
  /** Whole command lines that show how it is used. */
  examples?: readonly (readonly [string, string])[];
  run(call: CommandCall): Promise<CommandResult>;
  /** What to do after an interruption that says nothing of it; absent: the same command starts again. */
  afterInterruption?(values: OptionValues): string;
}

export type CreateEngine = (options: EngineOptions) => EngineFactory;

/** One use of a command, checked: every option has a value that it may have. */
export interface CommandCall {
  /** The words of the command line after `isheep`. */
  words: readonly string[];
  /** Opens no weights yet. */
  createEngine: CreateEngine;
  values: OptionValues;
  /** Of a command that takes a model, the whole configuration; its defaults otherwise. */
  config: Config;
  /** What the configuration was made of, for a command that makes several. */
  sources: ConfigSources;
  output: Output;
  progress: ProgressLine;
  interrupts: Interrupts;
}

export interface CommandResult {
  /** For standard output; empty where the result went elsewhere. */
  text: string;
  /** For standard output with --json. */
  data: object;
  /** 0 unless told: 1 and 3 of contract.md. */
  exitCode?: 0 | 1 | 3;
}

/** Values of the options that were given, and of the positional. Names are the options' own. */
export class OptionValues {
  constructor(private readonly values: ReadonlyMap<string, unknown>) {}

  /** Whether it was given, a setting's option, too, wherever the setting's value comes from otherwise. */
  has(name: string): boolean {
    return this.values.has(name);
  }

  /** Of all that were given. */
  get names(): string[] {
    return [...this.values.keys()];
  }

  text(name: string): string | undefined {
    const value = this.values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /** Of an option that is required, so that it is there. */
  needText(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new Error(`the option ${name} is read as required and not declared so`);
    return value;
  }

  texts(name: string): string[] {
    const value = this.values.get(name);
    if (Array.isArray(value)) return value.filter((item) => typeof item === 'string');
    return typeof value === 'string' ? [value] : [];
  }

  number(name: string): number | undefined {
    const value = this.values.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.values.get(name) === true;
  }
}

/** Throws `bad-config` with all of these options that were given, although nothing reads them for the reason told. */
export function refuseGiven(values: OptionValues, names: readonly string[], why: string): void {
  const given = names.filter((name) => values.has(name));
  if (given.length === 0) return;
  throw new IsheepError('bad-config', given.map((name) => `--${name}: ${why}`).join('\n'), {
    hint: given.length === 1 ? 'leave it out' : 'leave them out',
  });
}
