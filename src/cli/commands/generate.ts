import { z } from 'zod';

import { generateFile, readGrammar, readPrompts } from '../../pipeline/verbs/generate.js';
import type { Command } from '../command.js';
import { formatReasons, formatUnits } from '../format.js';
import {
  adapterOption,
  chatTemplateOption,
  endpointOptions,
  inferenceOptions,
  modelOptions,
  option,
  pathOption,
  settingOption,
} from '../options.js';
import { rowTarget, tracked, withFailures, withModel } from './with-model.js';

export const generateCommand: Command = {
  name: 'generate',
  summary: 'completions for a file of prompts',
  options: [
    pathOption('prompts', 'prompts (JSON Lines): id, and prompt or messages', { required: true }),
    pathOption('out', 'where completions go (JSON Lines)', { writes: 'file', defaultText: 'standard output' }),
    settingOption('respond.maxTokens', 'max-tokens', { description: 'tokens a completion may have' }),
    settingOption('respond.temperature', 'temperature'),
    settingOption('respond.topP', 'top-p'),
    settingOption('respond.topK', 'top-k'),
    settingOption('respond.minP', 'min-p'),
    option('stop', 'a text that ends a completion; may be given several times', z.array(z.string().min(1)), {
      repeatable: true,
    }),
    option(
      'stop-at-repetition',
      'a completion is cut off where its last so many tokens stood before in it; 0: never',
      z.int().min(0).max(1e6),
      { defaultText: '0' },
    ),
    pathOption('grammar', 'a grammar (GBNF, as llama.cpp has it; its first rule is root) that the text keeps to'),
    option('parallel', 'completions written at the same time', z.number().int().min(1).max(256), {
      defaultText: '64, fewer where the memory does not allow it; 16 at an endpoint',
    }),
    chatTemplateOption,
    adapterOption,
    ...inferenceOptions,
    ...endpointOptions,
    ...modelOptions,
  ],
  examples: [
    ['isheep generate --prompts prompts.jsonl --out completions.jsonl --temperature 0', 'the likeliest answers'],
  ],
  async run(call) {
    const { config, values, progress } = call;
    const { maxTokens, temperature, topP, topK, minP } = config.respond;
    const prompts = values.needText('prompts');
    const job = {
      out: rowTarget(call),
      maxTokens,
      sampling: { temperature, topP, topK, minP },
      stop: values.texts('stop'),
      stopAtRepetition: values.number('stop-at-repetition') ?? 0,
      grammar: readGrammar(values.text('grammar')),
      seed: config.seed,
    };
    const rows = readPrompts(prompts);
    const result = await withModel(call, (model) =>
      generateFile(job, rows, model, tracked(call, 'generate', 'completions', rows.length)),
    );
    const made = `${formatUnits(result.completions, 'completions')}, ${formatUnits(result.tokens, 'tokens')}`;
    progress.finish(`${made} (${formatReasons(result.stopped)})`, result.seconds);
    return withFailures(call, result.failed, { text: '', data: { ...result, out: values.text('out') ?? null } });
  },
};
