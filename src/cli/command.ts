// What a command is: data for the help and the checks, and one function that does the work. Commands wire and print; the
// work itself is in src/pipeline/.
import type { ConfigSources } from '../config/resolve.js';
import type { Config } from '../config/schema.js';
import type { EngineOptions } from '../engine/create-engine.js';
import type { EngineFactory } from '../engine/engine-factory.js';
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

/** Whether the option of a setting stands on the command line itself, wherever its value comes from otherwise. */
export function isGiven({ words }: Pick<CommandCall, 'words'>, option: string): boolean {
  return words.some((word) => word === `--${option}` || word.startsWith(`--${option}=`));
}

export interface CommandResult {
  /** For standard output; empty where the result went elsewhere. */
  text: string;
  /** For standard output with --json. */
  data: object;
  /** 0 unless told: 1 and 3 of contract.md. */
  exitCode?: 0 | 1 | 3;
}

/** Values of the options that are no settings, and of the positional. Names are the options' own. */
export class OptionValues {
  constructor(private readonly values: ReadonlyMap<string, unknown>) {}

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
