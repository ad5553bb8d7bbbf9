import path from 'node:path';

import { ablate, tableName } from '../../pipeline/ablation/ablate.js';
import { readAblation } from '../../pipeline/ablation/ablation-file.js';
import { ablationTable, numberColumns, tableNotes } from '../../pipeline/ablation/table.js';
import type { Command } from '../command.js';
import { formatTable } from '../format.js';
import {
  allSettings,
  commonGroup,
  endpointOptions,
  modelOptions,
  pathOption,
  presetOption,
  settingOption,
} from '../options.js';
import { progressReporter } from '../progress.js';
import { continueCommand } from './run.js';
import { modelFiles, runEngineOptions } from './with-model.js';

const oneSeedOption = settingOption('seed', 'seed', {
  description: "every variant with this one, instead of each of the file's seeds",
  defaultText: 'those of the file',
  group: commonGroup,
});

export const ablateCommand: Command = {
  name: 'ablate',
  summary: 'compares settings: runs of each with several seeds, and one table; the same command again continues it',
  positional: { name: 'file', description: 'a file that says what to compare (docs/ablations.md)', required: true },
  options: [
    pathOption('run', "the ablation's folder", {
      writes: 'folder',
      defaultText: 'runs/<name of the file>',
      group: 'The run:',
    }),
    presetOption,
    ...modelOptions.map((option) => (option.key === 'seed' ? oneSeedOption : option)),
    ...endpointOptions,
    ...allSettings(),
  ],
  examples: [
    [
      'isheep ablate docs/ablations/grades.json --preset laptop --instructions 100',
      'which grades a pair must pass, with fewer instructions than the paper',
    ],
  ],
  async run(call) {
    const { values, sources, interrupts, progress, output } = call;
    const file = values.needText('file');
    const dir = values.text('run') ?? path.join('runs', path.basename(file, path.extname(file)));
    const result = await ablate({
      dir,
      ablation: readAblation(file, sources),
      open: (config) => ({
        ...modelFiles({ ...call, config }),
        engine: call.createEngine(runEngineOptions({ ...call, config })),
      }),
      report: progressReporter(progress),
      stop: interrupts.stop,
      cancel: interrupts.cancel,
      continueCommand: continueCommand(call, dir),
    });
    const table = formatTable(ablationTable(result), numberColumns);
    const notes = [...tableNotes(result), `the table is in ${path.join(dir, tableName)}`];
    return {
      text: `${output.resultStyle.bold(result.description)}\n\n${table}\n\n${notes.join('\n')}`.trimStart(),
      data: result,
    };
  },
};
