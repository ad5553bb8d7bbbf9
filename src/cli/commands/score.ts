import { readContinuations, scoreFile } from '../../pipeline/verbs/score.js';
import type { Command } from '../command.js';
import { formatUnits } from '../format.js';
import {
  adapterOption,
  chatTemplateOption,
  endpointOptions,
  inferenceOptions,
  modelOptions,
  pathOption,
  settingOption,
} from '../options.js';
import { rowTarget, tracked, withFailures, withModel } from './with-model.js';

export const scoreCommand: Command = {
  name: 'score',
  summary: 'log-probabilities of given continuations',
  options: [
    pathOption('data', 'continuations (JSON Lines): id, prompt or messages, and continuation', { required: true }),
    pathOption('out', 'where log-probabilities go (JSON Lines)', { writes: 'file', defaultText: 'standard output' }),
    chatTemplateOption,
    adapterOption,
    settingOption('inference.parallel', 'parallel'),
    ...inferenceOptions,
    ...endpointOptions,
    ...modelOptions,
  ],
  async run(call) {
    const out = rowTarget(call);
    const rows = readContinuations(call.values.needText('data'));
    const result = await withModel(call, (model) =>
      scoreFile(out, rows, model, tracked(call, 'score', 'continuations', rows.length)),
    );
    const mean = result.logprobPerToken === null ? '' : `, ${result.logprobPerToken.toFixed(3)} nats a token`;
    const made = `${formatUnits(result.continuations, 'continuations')}, ${formatUnits(result.tokens, 'tokens')}${mean}`;
    call.progress.finish(made, result.seconds);
    return withFailures(call, result.failed, { text: '', data: { ...result, out: call.values.text('out') ?? null } });
  },
};
