import { z } from 'zod';

import { settings } from '../../config/settings.js';
import type { TrainEvent } from '../../engine/engine.js';
import type { EngineFactory } from '../../engine/engine-factory.js';
import { resolveModel } from '../../engine/known-models.js';
import {
  readTrainPairs,
  showPairs,
  trainFile,
  type TrainFileJob,
  type TrainFileResult,
} from '../../pipeline/verbs/train.js';
import type { PairRow } from '../../pipeline/verbs/verb.js';
import { type Command, type CommandCall, type CommandResult, refuseGiven } from '../command.js';
import { formatUnits } from '../format.js';
import { chatTemplateOption, inputJoinerOption, modelOptions, option, pathOption, settingOption } from '../options.js';
import { chosenText, countsLines, memoryLine, trainingDetail, trainingText } from '../training-text.js';
import { methodOption, trainFull } from './train-full.js';
import { byTrainedTemplate, localOptions } from './with-model.js';

export const trainCommand: Command = {
  name: 'train',
  summary: 'a LoRA adapter from a file of pairs; the same command continues',
  options: [
    pathOption('data', 'pairs (JSON Lines)', { required: true }),
    pathOption('out', 'where the adapter goes (GGUF)', { writes: 'file', required: true, unless: 'show' }),
    ...settings
      // There is no iteration before; --init-adapter says what it starts from.
      .filter(({ key, section }) => section === 'train' && key !== 'train.startFrom')
      .map(({ key, option: name }) => settingOption(key, name.replace(/^train-/, ''))),
    pathOption('init-adapter', 'an adapter to start from', { defaultText: 'a fresh one' }),
    pathOption('log', 'where every step is logged (JSON Lines)', { writes: 'file', defaultText: 'nowhere' }),
    pathOption('checkpoint-dir', 'where checkpoints go, from which the same command continues', {
      writes: 'folder',
      defaultText: 'none are written',
    }),
    option('checkpoint-seconds', 'seconds between checkpoints', z.number().min(0), { defaultText: '60' }),
    option(
      'show',
      'show this many samples token by token, and the counts, instead of training',
      z.number().int().min(1),
    ),
    methodOption,
    inputJoinerOption,
    chatTemplateOption,
    ...modelOptions,
  ],
  examples: [
    [
      'isheep train --data kept.jsonl --out trained.gguf --model float32.gguf --method full',
      'the whole of a F32 model',
    ],
    ['isheep train --data kept.jsonl --out adapter.gguf --rank 16 --checkpoint-dir checkpoints', 'can be interrupted'],
    ['isheep train --data kept.jsonl --show 3', 'what it would be trained on; trains nothing'],
  ],
  afterInterruption(values) {
    const folder = values.text('checkpoint-dir');
    return folder === undefined
      ? 'nothing of it is kept; with --checkpoint-dir DIR the same command continues'
      : `the same command continues from the last checkpoint in ${folder}`;
  },
  async run(given) {
    if (given.values.text('method') === 'full') return trainFull(given);
    const call = byTrainedTemplate(given, 'init-adapter');
    const { values } = call;
    const pairs = readTrainPairs(values.needText('data'));
    const engine = call.createEngine(localOptions(call));
    await engine.check('training');
    const shownSamples = values.number('show');
    if (!values.has('checkpoint-dir')) refuseGiven(values, ['checkpoint-seconds'], 'there is no --checkpoint-dir');
    if (shownSamples !== undefined) return showInstead(call, engine, pairs, shownSamples);
    const trainer = await engine.openTrainer(await engine.choose());
    try {
      const result = await trainFile(trainJob(call), pairs, trainer, {
        onEvent: trainingProgress(call),
        signal: call.interrupts.stop,
      });
      // Nothing was left to do where a finished training is asked for again.
      if (call.progress.isWorking) call.progress.finish(describe(result), result.seconds);
      else call.progress.line(`  ${describe(result)}`);
      return { text: '', data: result };
    } finally {
      await trainer.dispose();
    }
  },
};

function trainJob({ values, config }: CommandCall): TrainFileJob {
  const checkpointSeconds = values.number('checkpoint-seconds');
  return {
    out: values.needText('out'),
    settings: config.train,
    chatTemplate: config.chatTemplate,
    inputJoiner: config.inputJoiner,
    seed: config.seed,
    modelPath: resolveModel(config.model),
    ...optional('initAdapter', values.text('init-adapter')),
    ...optional('log', values.text('log')),
    ...optional('checkpointDir', values.text('checkpoint-dir')),
    ...(checkpointSeconds === undefined ? {} : { checkpointSeconds }),
  };
}

async function showInstead(
  { config, output }: CommandCall,
  engine: EngineFactory,
  pairs: readonly PairRow[],
  limit: number,
): Promise<CommandResult> {
  const tokenizer = await engine.openTokenizer();
  try {
    const shown = showPairs(pairs, config, tokenizer, limit);
    return { text: trainingText(shown, output.resultStyle), data: shown };
  } finally {
    await tokenizer.dispose();
  }
}

function trainingProgress({ progress }: CommandCall): (event: TrainEvent) => void {
  let tokens = 0;
  let total = 0;
  return (event) => {
    if (event.kind === 'samples') {
      total = event.steps;
      for (const line of [...countsLines(event), memoryLine(event.memory)]) progress.line(`  ${line}`);
      return;
    }
    if (event.kind === 'held-out') {
      progress.line(`  held-out loss after step ${event.step}: ${event.held_out_loss.toFixed(3)}`);
      return;
    }
    const isStep = event.kind === 'step';
    if (!progress.isWorking) {
      progress.start({ label: 'train', unit: 'steps', total, done: isStep ? event.step - 1 : event.step });
    }
    if (isStep) tokens += event.tokens;
    progress.update(event.step, tokens, trainingDetail(event));
  };
}

function describe(result: TrainFileResult): string {
  const { heldOutLossBase: base, heldOutLossAdapter: adapter } = result;
  const heldOut = base === null || adapter === null ? '' : `; held-out loss ${base.toFixed(3)} → ${adapter.toFixed(3)}`;
  const amount = `${formatUnits(result.samples, 'pairs')} in ${formatUnits(result.steps, 'steps')}, ${formatUnits(result.tokens, 'tokens')}`;
  return `${amount}${heldOut}${chosenText(result)}; ${result.adapter}`;
}

function optional<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, string>>);
}
