import { z } from 'zod';

import { filterFile } from '../../pipeline/verbs/filter.js';
import type { Command } from '../command.js';
import { formatCount, formatReasons, formatUnits } from '../format.js';
import { option, pathOption, settingOption } from '../options.js';
import { rowTarget } from './with-model.js';

export const filterCommand: Command = {
  name: 'filter',
  summary: 'rules on pairs: what is kept, what is rejected, and why',
  options: [
    pathOption('data', 'pairs (JSON Lines)', { required: true }),
    pathOption('out', 'where the kept pairs go (JSON Lines), with their verdicts', {
      writes: 'file',
      defaultText: 'standard output',
    }),
    pathOption('rejected', 'where the rejected pairs go (JSON Lines), with their verdicts', {
      writes: 'file',
      defaultText: 'nowhere',
    }),
    option('against', 'files whose instructions count as known to novelty', z.array(z.string().min(1)), {
      repeatable: true,
    }),
    settingOption('filter.rules', 'rules', { defaultText: 'default' }),
    settingOption('filter.evaluationFiles', 'evaluation-files'),
    settingOption('filter.contaminationNgram', 'contamination-ngram'),
    settingOption('synthesize.novelty', 'novelty'),
    pathOption('config', 'a configuration file (JSON), see docs/configuration.md'),
  ],
  examples: [
    ['isheep filter --data pairs.jsonl --out kept.jsonl --rules novelty,copied-response', 'two rules, in that order'],
    ['isheep filter --data pairs.jsonl --out kept.jsonl --rules paper', "the paper's rules as they are"],
    [
      'isheep filter --data pairs.jsonl --out kept.jsonl --evaluation-files ifeval.jsonl,mbpp.json',
      'and nothing that two benchmarks hold',
    ],
  ],
  async run(call) {
    const { config, values, progress, interrupts } = call;
    const rejected = values.text('rejected');
    const job = {
      data: values.needText('data'),
      out: rowTarget(call),
      against: values.texts('against'),
      filter: config.filter,
      novelty: config.synthesize.novelty,
      ...(rejected === undefined ? {} : { rejected }),
    };
    const result = await filterFile(job, {
      stop: interrupts.stop,
      onProgress: ({ done, total }) => {
        // Most files are through before there is anything to tell.
        if (!progress.isWorking && done < total) progress.start({ label: 'filter', unit: 'pairs', total });
        progress.update(done, 0);
      },
    });
    const reasons = formatReasons(result.rejected);
    const dropped = reasons === '' ? 'nothing rejected' : `rejected: ${reasons}`;
    const told = `${formatCount(result.kept)} of ${formatUnits(result.rows, 'pairs')} kept; ${dropped}`;
    if (progress.isWorking) progress.finish(told);
    else progress.line(told);
    return { text: '', data: { ...result, out: values.text('out') ?? null } };
  },
};
