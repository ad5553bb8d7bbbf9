// One command line, from its words to its exit code. main.ts hands in the process; tests hand in their own streams.
import os from 'node:os';

import { resolveConfig } from '../config/resolve.js';
import { IsheepError } from '../shared/errors.js';
import type { Command, CreateEngine } from './command.js';
import { formatTable } from './format.js';
import type { Interrupts } from './interrupts.js';
import { Output, type Streams } from './output.js';
import { ProgressLine } from './progress-line.js';
import { readArguments } from './read-arguments.js';
import { widthOf } from './style.js';

export interface CliEnvironment {
  streams: Streams;
  commands: readonly Command[];
  planned: readonly string[];
  version: string;
  createEngine: CreateEngine;
  /** Starts to listen for Ctrl-C; called once a command is about to work. */
  interrupts: (tell: (text: string) => void) => Interrupts;
}

/** Runs one command line and returns its exit code. Never throws. */
export async function runCli(words: readonly string[], environment: CliEnvironment): Promise<number> {
  const { streams } = environment;
  // Before the words are checked, so that an error about them comes in the wanted form too.
  const output = new Output(streams, words.includes('--json'), words.includes('--quiet'));
  try {
    if (words.length === 0) {
      streams.stdout.write(greeting(output));
      return 0;
    }
    const { commands, planned, version } = environment;
    const columns = widthOf(streams.stdout, 100);
    const parsed = readArguments(words, { commands, planned, version, columns });
    if (parsed.kind === 'text') {
      streams.stdout.write(`${parsed.text}\n`);
      return 0;
    }
    const { values } = parsed;
    return await runCommand(parsed, words, new Output(streams, values.flag('json'), values.flag('quiet')), environment);
  } catch (error) {
    return output.error(error);
  }
}

type Call = Extract<ReturnType<typeof readArguments>, { kind: 'command' }>;

async function runCommand(
  call: Call,
  words: readonly string[],
  output: Output,
  environment: CliEnvironment,
): Promise<number> {
  const { stderr: stream, env } = environment.streams;
  const progress = new ProgressLine({ stream, env, quiet: output.quiet });
  const interrupts = environment.interrupts((text) => progress.writeLine(text));
  try {
    const { values, config, sources } = call;
    const { createEngine } = environment;
    warnOfThreads(config.threads, output);
    const result = await call.command.run({
      words,
      values,
      config,
      sources,
      output,
      progress,
      interrupts,
      createEngine,
    });
    progress.stop();
    output.result(result.text, result.data);
    return result.exitCode ?? 0;
  } catch (error) {
    progress.stop();
    return output.error(withWayOn(error, call));
  } finally {
    progress.stop();
    interrupts.dispose();
  }
}

/** An interruption says how to go on. */
function withWayOn(error: unknown, { command, values }: Call): unknown {
  if (!(error instanceof IsheepError) || error.code !== 'interrupted' || error.hint !== '') return error;
  const hint = command.afterInterruption?.(values) ?? 'the same command starts again';
  return new IsheepError('interrupted', error.message, { hint, cause: error });
}

/** Training took seven times as long with three threads on two cores as with two (docs/benchmarks.md). */
function warnOfThreads(threads: number, output: Output): void {
  const cores = os.availableParallelism();
  if (threads <= cores) return;
  output.warning(
    `threads is ${threads}, and this machine has ${cores} ${cores === 1 ? 'core' : 'cores'}: threads wait for each other at every step, so this is many times slower than --threads ${cores}`,
  );
}

function greeting({ resultStyle: style }: Output): string {
  const lines = [
    ['isheep doctor', 'what this machine offers'],
    [`isheep fetch ${resolveConfig().model}`, 'gets a small model to begin with'],
    ['isheep run --preset demo', 'two iterations in minutes, and what happened'],
    ['isheep run --model model.gguf', 'the same on your own model'],
    ['isheep --help', 'all commands'],
  ];
  return `${style.bold('isheep')} lets a language model align itself, on this machine, from the GGUF file you have: it writes
instructions, answers them, judges its own answers, trains a LoRA adapter on the best, and starts again.

${formatTable(lines).replace(/^/gm, '  ')}
`;
}
