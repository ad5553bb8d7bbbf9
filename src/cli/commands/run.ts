import path from 'node:path';

import { z } from 'zod';

import { preview } from '../../pipeline/preview.js';
import { runLoop } from '../../pipeline/run.js';
import type { Command, CommandCall, CommandResult } from '../command.js';
import {
  allSettings,
  endpointOptions,
  modelOptions,
  option,
  pathOption,
  presetOption,
  type CommandOption,
} from '../options.js';
import { previewText } from '../preview-text.js';
import { progressReporter } from '../progress.js';
import { quoted } from '../format.js';
import { formatRunSummary } from '../summary.js';
import { modelFiles, runEngineOptions } from './with-model.js';

/** The options that say what a run is: of `run` and of `plan`. */
export const runSettings = [presetOption, ...modelOptions, ...endpointOptions, ...allSettings()];

/** The folder of a run that may not exist yet. */
export function runOptionOf(command: 'run' | 'plan'): CommandOption {
  const description =
    command === 'run' ? "the run's folder" : 'the folder that the run would have, for the disk it is on';
  return pathOption('run', description, { writes: 'folder', defaultText: 'runs/<time>', group: 'The run:' });
}

const previewOption = option(
  'preview',
  'make about ten candidates with responses and assessments, show them, and stop; writes nothing',
  z.boolean(),
  { group: 'The run:' },
);

/** Finished, and the best model is the base (contract.md). */
const baseIsBest = 3;

export const runCommand: Command = {
  name: 'run',
  summary:
    'the whole loop; the same command with the same --run continues it, and with more --iterations it goes on after its last',
  options: [runOptionOf('run'), previewOption, ...runSettings],
  examples: [
    ['isheep run --preset demo --run runs/first', 'two iterations on a small model'],
    ['isheep run --model my.gguf --instructions 200', 'your own model'],
    ['isheep run --model my.gguf --preview', 'what it would make, on ten candidates'],
  ],
  run: (call) => (call.values.flag('preview') ? showPreview(call) : runToTheEnd(call)),
};

async function runToTheEnd(call: CommandCall): Promise<CommandResult> {
  const { config, values, interrupts, progress, output } = call;
  const runDir = values.text('run') ?? path.join('runs', timeName(new Date()));
  const summary = await runLoop({
    runDir,
    config,
    ...modelFiles(call),
    engine: call.createEngine(runEngineOptions(call)),
    report: progressReporter(progress),
    stop: interrupts.stop,
    cancel: interrupts.cancel,
    continueCommand: continueCommand(call, runDir),
  });
  const text = formatRunSummary(summary, output.resultStyle);
  return { text, data: summary, ...(summary.best === null ? { exitCode: baseIsBest } : {}) };
}

/** There is nothing to commit, so the first signal already stops at once. */
async function showPreview(call: CommandCall): Promise<CommandResult> {
  const { config, interrupts, progress, output } = call;
  modelFiles(call); // throws where files are missing, with all of them
  const engine = call.createEngine(runEngineOptions(call));
  const report = progressReporter(progress);
  const made = await preview({ config, engine, report, signal: interrupts.stop });
  return { text: previewText(made, config, output.resultStyle), data: made };
}

/** 2026-03-01-14-05-09, in local time: a name for a folder that sorts by age. */
export function timeName(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())];
  return [...day, two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join('-');
}

/** The words of a command, with the folder that it chose. */
export function continueCommand({ words, values }: CommandCall, runDir: string): string {
  const all = values.text('run') === undefined ? [...words, '--run', runDir] : words;
  return ['isheep', ...all.map(quoted)].join(' ');
}
