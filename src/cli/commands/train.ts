import { z } from 'zod';

import type { TrainEvent } from '../../engine/engine.js';
import { readPairs } from '../../pipeline/verbs/assess.js';
import { trainFile, type TrainFileResult } from '../../pipeline/verbs/train.js';
import type { Command, CommandCall } from '../command.js';
import { formatCount, formatUnits } from '../format.js';
import { chatTemplateOption, modelOptions, option, pathOption, settingOption } from '../options.js';
import { methodOption, trainFull } from './train-full.js';
import { engineOptions } from './with-model.js';

export const trainCommand: Command = {
  name: 'train',
  summary: 'a LoRA adapter from a file of pairs; the same command continues',
  options: [
    pathOption('data', 'pairs (JSON Lines)', { required: true }),
    pathOption('out', 'where the adapter goes (GGUF)', { required: true }),
    ...['rank', 'alpha', 'dropout', 'targets', 'epochs', 'schedule', 'validation'].map((name) =>
      settingOption(`train.${name}`, name),
    ),
    settingOption('train.rankStabilized', 'rank-stabilized'),
    settingOption('train.learningRate', 'learning-rate'),
    settingOption('train.warmupSteps', 'warmup-steps'),
    settingOption('train.weightDecay', 'weight-decay'),
    settingOption('train.maxGradNorm', 'max-grad-norm'),
    settingOption('train.batchSize', 'batch-size', {
      description: 'pairs of one batch; --accumulate batches make an optimizer step',
    }),
    option('accumulate', 'batches that are accumulated into one optimizer step', z.number().int().min(1), {
      defaultText: '1',
    }),
    settingOption('train.maxLength', 'max-length'),
    settingOption('train.microBatchTokens', 'micro-batch-tokens'),
    pathOption('init-adapter', 'an adapter to start from', { defaultText: 'a fresh one' }),
    pathOption('log', 'where every step is logged (JSON Lines)', { defaultText: 'nowhere' }),
    pathOption('checkpoint-dir', 'where checkpoints go, from which the same command continues', {
      defaultText: 'none are written',
    }),
    methodOption,
    chatTemplateOption,
    ...modelOptions,
  ],
  examples: [
    ['isheep train --data kept.jsonl --out adapter.gguf --rank 16 --checkpoint-dir checkpoints', 'can be interrupted'],
    [
      'isheep train --data kept.jsonl --out trained.gguf --model float32.gguf --method full',
      'the whole of a F32 model',
    ],
  ],
  async run(call) {
    if (call.values.text('method') === 'full') return trainFull(call);
    const { values, config } = call;
    const pairs = readPairs(values.needText('data'));
    const accumulate = values.number('accumulate') ?? 1;
    const job = {
      out: values.needText('out'),
      settings: { ...config.train, batchSize: config.train.batchSize * accumulate },
      seed: config.seed,
      metadata: config.chatTemplate === undefined ? {} : { 'isheep.chat-template': config.chatTemplate },
      ...optional('initAdapter', values.text('init-adapter')),
      ...optional('log', values.text('log')),
      ...optional('checkpointDir', values.text('checkpoint-dir')),
    };
    const engine = call.createEngine(engineOptions(call));
    await engine.check('training');
    const trainer = await engine.openTrainer(await engine.choose());
    try {
      const result = await trainFile(job, pairs, trainer, {
        onEvent: trainingProgress(call),
        signal: call.interrupts.stop,
      });
      call.progress.finish(describe(result), result.seconds);
      return { text: '', data: result };
    } finally {
      await trainer.dispose();
    }
  },
};

function trainingProgress({ progress }: CommandCall): (event: TrainEvent) => void {
  let tokens = 0;
  let started = false;
  return (event) => {
    if (event.kind === 'held-out') {
      progress.line(`  held-out loss after step ${event.step}: ${event.held_out_loss.toFixed(3)}`);
      return;
    }
    if (!started) progress.start({ label: 'train', unit: 'steps', total: event.of, done: event.step - 1 });
    started = true;
    tokens += event.tokens;
    progress.update(event.step, tokens, `loss ${event.loss.toFixed(3)}`);
  };
}

function describe(result: TrainFileResult): string {
  const { heldOutLossBase: base, heldOutLossAdapter: adapter } = result;
  const heldOut = base === null || adapter === null ? '' : `; held-out loss ${base.toFixed(3)} → ${adapter.toFixed(3)}`;
  const leftOut = result.tooLong > 0 ? `; ${formatUnits(result.tooLong, 'pairs')} too long` : '';
  const amount = `${formatUnits(result.samples, 'pairs')} in ${formatUnits(result.steps, 'steps')}, ${formatCount(result.tokens)} tokens`;
  return `${amount}${heldOut}${leftOut}; ${result.adapter}`;
}

function optional<Name extends string>(name: Name, value: string | undefined): Partial<Record<Name, string>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, string>>);
}
