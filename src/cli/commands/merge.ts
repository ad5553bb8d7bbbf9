import { z } from 'zod';

import { defaultMergeType, mergeTypeMeaning, mergeTypes } from '../../config/train-schema.js';
import type { LlamaEngineOptions } from '../../engine/llama-engine.js';
import { resolveModel } from '../../engine/known-models.js';
import type { ScaledAdapter } from '../../engine/merge.js';
import { trainedTemplate } from '../../pipeline/trained-template.js';
import {
  adapterOfRun,
  comparedPairs,
  mergeFile,
  parseAdapter,
  type MergeFileResult,
} from '../../pipeline/verbs/merge.js';
import { mergeInWords } from '../../pipeline/merging.js';
import { IsheepError } from '../../shared/errors.js';
import type { Pair } from '../../shared/rows.js';
import { type Command, type CommandCall, refuseGiven } from '../command.js';
import { formatBytes, formatUnits } from '../format.js';
import { survivedInWords } from '../../stages/merge/merge.js';
import { chatTemplateOption, modelOptions, option, pathOption, settingOption } from '../options.js';
import { localOptions } from './with-model.js';

export const mergeCommand: Command = {
  name: 'merge',
  summary: 'a base and its adapters as one model, and what that costs',
  options: [
    pathOption('out', 'where the merged model goes (GGUF)', { writes: 'file', required: true }),
    option(
      'adapter',
      'a LoRA adapter (GGUF), or several that are added up; FILE:0.5 counts one half',
      z.array(z.string().min(1)),
      { repeatable: true },
    ),
    pathOption('run', 'a run, instead of --model and --adapter: its base and the adapter of an iteration'),
    option('iteration', 'of the run', z.number().int().min(1), { defaultText: 'the best one' }),
    option('type', `how the numbers are stored: ${mergeTypeMeaning}`, z.enum(mergeTypes), {
      defaultText: defaultMergeType,
    }),
    pathOption('data', 'pairs (JSON Lines) that were not trained on, to measure the cost', {
      defaultText: "the seeds' own pairs, and the held-out ones of a run",
    }),
    settingOption('seeds', 'seeds'),
    chatTemplateOption,
    ...modelOptions,
  ],
  examples: [
    ['isheep merge --run runs/first --out merged.gguf', 'the best iteration, in half floats'],
    ['isheep merge --model base.gguf --adapter adapter.gguf --type q8_0 --out merged.gguf', 'an adapter of your own'],
  ],
  async run(call) {
    const { adapters, engine, pairs } = given(call);
    const { values, progress, interrupts, output } = call;
    const job = {
      ...{ modelPath: resolveModel(engine.model), adapters, out: values.needText('out'), pairs },
      ...{ type: values.text('type') ?? defaultMergeType, chatTemplate: engine.chatTemplate },
    };
    const result = await mergeFile(job, call.createEngine(engine), {
      stop: interrupts.stop,
      onTensor: ({ done, total }) => {
        if (!progress.isWorking) progress.start({ label: 'merge', unit: 'tensors', total });
        progress.update(done, 0);
      },
      onPair: (done) => {
        if (done === 0) progress.start({ label: 'compare', unit: 'pairs', total: pairs.length });
        else progress.update(done, 0);
      },
    });
    progress.finish(mergeInWords(result), result.seconds);
    if (result.advice !== null) output.warning(result.advice);
    return { text: mergeText(result), data: result };
  },
};

interface Given {
  adapters: ScaledAdapter[];
  engine: LlamaEngineOptions;
  pairs: Pair[];
}

/** What is merged: of a run, or of files. */
function given(call: CommandCall): Given {
  const { values, config } = call;
  const runDir = values.text('run');
  const files = values.texts('adapter');
  const data = values.text('data');
  const options = localOptions(call);
  if (data !== undefined) refuseGiven(values, ['seeds'], 'the cost is measured on the pairs of --data');
  if (runDir !== undefined) refuseGiven(values, ['seeds'], 'the cost is measured on the pairs of the run');
  if (runDir === undefined) {
    refuse(call, files.length === 0, 'isheep merge needs --adapter, or --run for an adapter of a run');
    refuse(call, values.number('iteration') !== undefined, '--iteration has no meaning without --run');
    const adapters = files.map(parseAdapter);
    const chatTemplate = trainedTemplate(
      adapters.map(({ path }) => path),
      config.chatTemplate,
    );
    return { adapters, engine: withTemplate(options, chatTemplate), pairs: comparedPairs(data, config) };
  }
  refuse(call, files.length > 0, '--adapter and --run cannot be given together');
  refuse(call, values.has('model'), '--model and --run cannot be given together');
  const { model, adapter, pairs } = adapterOfRun(runDir, values.number('iteration'));
  const template = trainedTemplate([adapter], config.chatTemplate);
  return {
    adapters: [{ path: adapter, scale: 1 }],
    engine: withTemplate({ ...options, model }, template),
    pairs: data === undefined ? pairs : comparedPairs(data, config),
  };
}

function withTemplate(options: LlamaEngineOptions, chatTemplate: string | undefined): LlamaEngineOptions {
  return chatTemplate === undefined ? options : { ...options, chatTemplate };
}

function refuse({ words }: CommandCall, isWrong: boolean, message: string): void {
  if (!isWrong) return;
  throw new IsheepError('bad-config', message, {
    hint: `isheep ${words[0] ?? 'merge'} --help tells what goes together`,
  });
}

function mergeText(result: MergeFileResult): string {
  const { model, bytes, type, merged, tensors, fellBack, noise, worstTensor, worstSurvived, cost } = result;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const lines = [
    `${model}: ${formatBytes(bytes)}, type ${type}; ${merged} of ${formatUnits(tensors, 'tensors')} changed`,
    ...(fellBack > 0
      ? [`${formatUnits(fellBack, 'tensors')} have another type: their rows do not divide into the blocks of ${type}`]
      : []),
    ...(merged > 0
      ? [
          `rounding: ${survivedInWords(result)}, beside noise of ${noise.toFixed(1)} times its size` +
            (worstTensor === '' ? '' : `; least in ${worstTensor}, ${percent(worstSurvived)}`),
        ]
      : []),
  ];
  if (cost === null) return [...lines, 'no pair to measure on'].join('\n');
  const { base, adapter, merged: after } = cost.perplexity;
  return [
    ...lines,
    `on ${formatUnits(cost.pairs, 'pairs')} (${formatUnits(cost.tokens, 'tokens')} of responses): KL from the live adapter ` +
      `${cost.divergence.toPrecision(3)} nats a token`,
    `perplexity: base ${base.toFixed(3)}, adapter live ${adapter.toFixed(3)}, merged ${after.toFixed(3)}`,
  ].join('\n');
}
