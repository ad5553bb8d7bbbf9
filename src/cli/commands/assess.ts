import { z } from 'zod';

import { assessFile, readPairs, runSelfTest } from '../../pipeline/verbs/assess.js';
import { IsheepError } from '../../shared/errors.js';
import { loadSeeds } from '../../shared/load-seeds.js';
import type { PairedAccuracy, SelfTestRow } from '../../stages/assess/self-test.js';
import { type Command, type CommandCall, type CommandResult, refuseGiven } from '../command.js';
import { agreementText } from '../agreement-text.js';
import { formatReasons, formatTable, formatUnits } from '../format.js';
import {
  adapterOption,
  chatTemplateOption,
  endpointOptions,
  inferenceOptions,
  inputJoinerOption,
  modelOptions,
  option,
  pathOption,
  settingOption,
} from '../options.js';
import { rowTarget, tracked, withModel } from './with-model.js';

export const assessCommand: Command = {
  name: 'assess',
  summary: 'how good pairs are in the eyes of a model',
  options: [
    pathOption('data', 'pairs (JSON Lines); needed without --self-test'),
    pathOption('out', 'where assessments go (JSON Lines)', { writes: 'file', defaultText: 'standard output' }),
    settingOption('assess.method', 'method'),
    settingOption('assess.criteria', 'criteria'),
    settingOption('assess.repeats', 'repeats'),
    settingOption('assess.constrained', 'constrained'),
    option('self-test', "test the judge itself: every method on the seeds' own pairs against spoilt ones", z.boolean()),
    settingOption('seeds', 'seeds'),
    inputJoinerOption,
    chatTemplateOption,
    adapterOption,
    settingOption('inference.parallel', 'parallel'),
    ...inferenceOptions,
    ...endpointOptions,
    ...modelOptions,
  ],
  examples: [['isheep assess --self-test', 'what the judgement of a model is worth']],
  run: (call) => (call.values.flag('self-test') ? testJudge(call) : assessPairs(call)),
};

async function assessPairs(call: CommandCall): Promise<CommandResult> {
  const { config, values, progress } = call;
  const data = values.text('data');
  if (data === undefined) {
    throw new IsheepError('bad-config', 'isheep assess needs --data: pairs (JSON Lines)', {
      hint: 'or --self-test, to test the judge',
    });
  }
  const seeds = config.assess.method === 'auto' ? loadSeeds(config.seeds) : [];
  const { assess: settings, seed, inputJoiner } = config;
  const job = { out: rowTarget(call), settings, seed, seeds, inputJoiner };
  const pairs = readPairs(data);
  const result = await withModel(call, (model) =>
    assessFile(job, pairs, model, tracked(call, 'assess', 'pairs', pairs.length)),
  );
  const failed = formatReasons(result.failed);
  const why = result.why === '' ? '' : `: ${result.why}`;
  const agreement = result.agreement ? `; ${agreementText(result.agreement)}` : '';
  const notJudged = failed === '' ? '' : `; not judged: ${failed}`;
  progress.finish(`${formatUnits(result.pairs, 'pairs')} by ${result.method}${why}${agreement}${notJudged}`);
  return { text: '', data: { ...result, out: values.text('out') ?? null } };
}

async function testJudge(call: CommandCall): Promise<CommandResult> {
  const { config, values } = call;
  refuseGiven(
    values,
    ['data', 'out', 'method', 'repeats'],
    '--self-test tries every method once, on pairs of the seeds',
  );
  const { assess: settings, seed, inputJoiner } = config;
  const job = { settings, seed, seeds: loadSeeds(config.seeds), inputJoiner };
  const { rows, choice } = await withModel(call, (model) =>
    runSelfTest(job, model, tracked(call, 'self-test', 'pairs', 0)),
  );
  call.progress.finish('');
  return {
    text: `${selfTestTable(rows)}\n\nauto takes ${choice.method}: ${choice.why}`,
    data: { methods: rows, ...choice },
  };
}

/** One line a method: how often the seed's own pair was judged better than its spoilt version. */
function selfTestTable(rows: readonly SelfTestRow[]): string {
  const kinds = ['shuffled', 'cut', 'scrambled', 'copied'] as const;
  const share = ({ value }: PairedAccuracy) => `${(value * 100).toFixed(0)} %`;
  const interval = ({ low, high }: PairedAccuracy) => `${(low * 100).toFixed(0)} to ${(high * 100).toFixed(0)} %`;
  const head = ['method', ...kinds, 'overall', '95 % interval', 'pairs', 'no answer'];
  const body = rows.map((row) => [
    row.method,
    ...kinds.map((kind) => share(row.kinds[kind])),
    share(row.overall),
    interval(row.overall),
    String(row.overall.n),
    String(row.failed),
  ]);
  return formatTable([head, ...body], [1, 2, 3, 4, 5, 6, 7, 8]);
}
