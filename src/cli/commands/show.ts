import { z } from 'zod';

import { show, showTopics } from '../../pipeline/show.js';
import { toJsonLines } from '../../shared/jsonl.js';
import type { Command } from '../command.js';
import { formatUnits } from '../format.js';
import { option } from '../options.js';
import { runOption } from './status.js';

export const showCommand: Command = {
  name: 'show',
  summary: 'what a run made, as JSON Lines',
  positional: { name: 'what', description: `one of ${showTopics.join(', ')}`, choices: showTopics, required: true },
  options: [
    runOption,
    option('iteration', 'which iteration', z.number().int().min(1), { defaultText: 'the last one that has any' }),
  ],
  examples: [['isheep show dataset --run runs/first | head -3', 'the first pairs that were trained on']],
  run({ values, output }) {
    const topic = showTopics.find((name) => name === values.text('what')) ?? 'dataset';
    const shown = show(values.needText('run'), topic, values.number('iteration'));
    output.note(`iteration ${shown.iteration}: ${formatUnits(shown.rows.length, 'rows')}`);
    return Promise.resolve({ text: toJsonLines(shown.rows), data: shown });
  },
};
