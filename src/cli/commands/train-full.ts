// `train --method full`: llama.cpp's own finetune. Options that only LoRA knows are refused.
import { z } from 'zod';

import { resolveConfig } from '../../config/resolve.js';
import { settings } from '../../config/settings.js';
import type { FullTrainEvent } from '../../engine/full-trainer.js';
import { readTrainPairs } from '../../pipeline/verbs/train.js';
import { fullSettings, trainFullFile, type TrainFullResult } from '../../pipeline/verbs/train-full.js';
import { IsheepError } from '../../shared/errors.js';
import type { CommandCall, CommandResult } from '../command.js';
import { formatUnits } from '../format.js';
import { option } from '../options.js';
import { localOptions } from './with-model.js';

export const methodOption = option(
  'method',
  "lora, or full: llama.cpp's own finetune of an F32 model, keys, values and embedding aside, with the loss on every token of the text",
  z.enum(['lora', 'full']),
  { defaultText: 'lora' },
);

/** Options that are no settings and that LoRA alone knows. */
const loraOptions = ['init-adapter', 'checkpoint-dir', 'checkpoint-seconds', 'show'];

export async function trainFull(call: CommandCall): Promise<CommandResult> {
  refuseWhatIsNotRead(call);
  const { values, config } = call;
  const log = values.text('log');
  const { model, device, threads, chatTemplate } = localOptions(call);
  const engine = { model, device, threads, ...(chatTemplate === undefined ? {} : { chatTemplate }) };
  const result = await trainFullFile(
    {
      out: values.needText('out'),
      settings: config.train,
      inputJoiner: config.inputJoiner,
      seed: config.seed,
      ...(log === undefined ? {} : { log }),
    },
    readTrainPairs(values.needText('data')),
    engine,
    { onEvent: progressOf(call), signal: call.interrupts.stop },
  );
  call.progress.finish(describe(result), result.seconds);
  return { text: '', data: result };
}

/** What the method does not read: options that were given, and settings that a file changed. */
function refuseWhatIsNotRead({ values, config }: CommandCall): void {
  const unread = settings.filter(({ key, section }) => section === 'train' && !fullSettings.includes(nameOf(key)));
  const [now, normal] = [config.train, resolveConfig().train] as Record<string, unknown>[];
  const refused = [
    ...loraOptions.filter((name) => values.has(name)).map((name) => `--${name}`),
    ...unread.flatMap(({ key, option: long }) => {
      const word = long.replace(/^train-/, '');
      if (values.has(word)) return [`--${word}`];
      const same = JSON.stringify(now?.[nameOf(key)]) === JSON.stringify(normal?.[nameOf(key)]);
      return same ? [] : [key];
    }),
  ];
  if (refused.length === 0) return;
  throw new IsheepError('bad-config', `--method full does not know ${refused.join(', ')}`, {
    hint: "leave them out: llama.cpp's finetune has neither adapters nor clipping, accumulation or checkpoints",
  });
}

function nameOf(key: string): string {
  return key.replace(/^train\./, '');
}

function progressOf({ progress }: CommandCall): (event: FullTrainEvent) => void {
  let tokens = 0;
  return (event) => {
    if (event.kind === 'held-out') {
      progress.line(`  held-out loss after step ${event.step}: ${event.held_out_loss.toFixed(3)}`);
      return;
    }
    if (event.step === 1) progress.start({ label: 'train', unit: 'steps', total: event.of, done: 0 });
    tokens += event.tokens;
    progress.update(event.step, tokens, `loss ${event.loss.toFixed(3)}`);
  };
}

function describe(result: TrainFullResult): string {
  const { heldOutLossBase: base, heldOutLossTrained: trained } = result;
  const heldOut = base === null || trained === null ? '' : `; held-out loss ${base.toFixed(3)} → ${trained.toFixed(3)}`;
  const left = result.leftOver > 0 ? `; ${formatUnits(result.leftOver, 'tokens')} left over at the end` : '';
  const amount = `${formatUnits(result.blocks, 'blocks')} in ${formatUnits(result.steps, 'steps')}, ${formatUnits(result.tokens, 'tokens')}`;
  return `${amount}${heldOut}${left}; ${result.model}`;
}
