import { z } from 'zod';

import { configOfRun, show, showTopics, showTraining, type RowTopic } from '../../pipeline/show.js';
import { toJsonLines } from '../../shared/jsonl.js';
import type { Command, CommandCall, CommandResult } from '../command.js';
import { formatUnits } from '../format.js';
import { option } from '../options.js';
import { trainingText } from '../training-text.js';
import { runOption } from './status.js';

/** Samples that `show training` shows unless told. */
const shownSamples = 3;

export const showCommand: Command = {
  name: 'show',
  summary: 'what a run made, as JSON Lines; `show training`: what is trained on, token by token',
  positional: { name: 'what', description: `one of ${showTopics.join(', ')}`, choices: showTopics, required: true },
  options: [
    runOption,
    option('iteration', 'which iteration', z.number().int().min(1), { defaultText: 'the last one that has any' }),
    option('limit', 'rows, or samples of `training`, that are shown', z.number().int().min(1), {
      defaultText: `all rows, ${shownSamples} samples`,
    }),
  ],
  examples: [
    ['isheep show dataset --run runs/first --limit 3', 'the first pairs that were trained on'],
    ['isheep show training --run runs/first', 'the same as the trainer sees them, and what it counts'],
  ],
  run(call) {
    const topic = showTopics.find((name) => name === call.values.text('what')) ?? 'dataset';
    return topic === 'training' ? showTokens(call) : Promise.resolve(showRows(call, topic));
  },
};

function showRows({ values, output }: CommandCall, topic: RowTopic): CommandResult {
  const shown = show(values.needText('run'), topic, values.number('iteration'));
  output.note(`iteration ${shown.iteration}: ${formatUnits(shown.rows.length, 'rows')}`);
  const rows = shown.rows.slice(0, values.number('limit'));
  return { text: toJsonLines(rows), data: { ...shown, rows } };
}

async function showTokens({ values, output, createEngine }: CommandCall): Promise<CommandResult> {
  const runDir = values.needText('run');
  const { model, chatTemplate } = configOfRun(runDir);
  const template = chatTemplate === undefined ? {} : { chatTemplate };
  const tokenizer = await createEngine({ model, device: 'cpu', threads: 1, ...template }).openTokenizer();
  try {
    const limit = values.number('limit') ?? shownSamples;
    const shown = showTraining(runDir, values.number('iteration'), tokenizer, limit);
    output.note(`iteration ${shown.iteration}`);
    return { text: trainingText(shown, output.resultStyle), data: shown };
  } finally {
    await tokenizer.dispose();
  }
}
