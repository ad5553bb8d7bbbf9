// A training in words: what it sees, token by token, what was cut or left out, and which adapter was written.
import type { MemoryForecast, SampleCounts, TrainEvent } from '../engine/engine.js';
import type { ShownSample, ShownTraining } from '../pipeline/training-samples.js';
import { formatBytes, formatCount, formatUnits } from './format.js';
import type { Style } from './style.js';

/** The samples and the counts, for `show training` and `train --show`. */
export function trainingText(shown: ShownTraining, style: Style): string {
  const { samples, training, heldOut, steps } = shown;
  const legend = `${style.dim('context · token by token')}, ${style.good('[what][ is][ trained][ on]')}`;
  const counts = [...countsLines({ training, heldOut }), formatUnits(steps, 'optimizer steps')];
  const texts = samples.map((sample, i) => sampleText(sample, i + 1, training.samples, style));
  return `${legend}\n\n${texts.join('\n\n')}\n\n${counts.join('\n')}\n`;
}

/** How many samples and tokens, and what the maximum length cut or left out. */
export function countsLines({ training, heldOut }: { training: SampleCounts; heldOut: SampleCounts }): string[] {
  const held = heldOut.samples === 0 ? 'none held out' : `${formatUnits(heldOut.samples, 'samples')} held out`;
  const both = (name: 'cut' | 'cutTokens' | 'tooLong') => training[name] + heldOut[name];
  const lines = [
    `${formatUnits(training.samples, 'samples')} with ${formatUnits(training.tokens, 'tokens')}, ` +
      `${formatCount(training.lossTokens)} of them trained on; ${held}`,
  ];
  if (both('cut') > 0) {
    const cut = `${formatUnits(both('cut'), 'responses')} cut to the maximum length`;
    lines.push(`${cut}, ${formatUnits(both('cutTokens'), 'tokens')} lost`);
  }
  if (both('tooLong') > 0)
    lines.push(`${formatUnits(both('tooLong'), 'pairs')} left out: the prompt alone is too long`);
  return lines;
}

/** What stands behind the steps that are done. */
export function trainingDetail(event: Extract<TrainEvent, { kind: 'step' | 'measuring' }>): string {
  if (event.kind === 'step') return `loss ${event.loss.toFixed(3)}`;
  return `held-out loss: ${event.done} of ${event.of} samples`;
}

/** What training takes and for what. */
export function memoryLine(memory: MemoryForecast): string {
  const { process, mapped, copies, copiedWeights, adapter, activations, graphs, copying, total } = memory;
  const which = copiedWeights === 'none' ? 'output matrix only' : copiedWeights;
  const parts = [
    `${formatBytes(mapped)} model`,
    ...(copies > 0 ? [`${formatBytes(copies)} copies of weights (${which})`] : []),
    `${formatBytes(adapter)} adapter and optimizer`,
    `${formatBytes(activations)} activations`,
    `${formatBytes(graphs)} graphs`,
    `${formatBytes(process)} the process itself`,
  ];
  if (copying > activations + graphs)
    parts.push(`${formatBytes(copying)} instead of the last two while copies are made`);
  const limit = `${formatCount(Math.ceil(total / 2 ** 20))} MiB`; // the unit of --memory
  return `about ${formatBytes(total)} (${limit}) of memory: ${parts.join(', ')}`;
}

/** An early stop, and an adapter of an earlier step than the last. Empty where there is neither. */
export function chosenText(train: { steps: number; plannedSteps: number; adapterStep: number }): string {
  const { steps, plannedSteps, adapterStep } = train;
  const early = steps < plannedSteps ? `; stopped early, ${formatUnits(plannedSteps, 'steps')} were planned` : '';
  const best = adapterStep < steps ? `; the adapter is that of step ${adapterStep}, the lowest held-out loss` : '';
  return early + best;
}

function sampleText(sample: ShownSample, number: number, of: number, style: Style): string {
  const { id, pieces, context, cutTokens } = sample;
  const trained = formatCount(pieces.length - context);
  const cut = cutTokens > 0 ? `, cut by ${formatCount(cutTokens)}` : '';
  const title = `sample ${number} of ${of}, ${id}: ${formatUnits(pieces.length, 'tokens')}, ${trained} trained on${cut}`;
  const before = pieces.slice(0, context).map((piece) => visible(piece, ''));
  const after = pieces.slice(context).map((piece) => visible(piece, ']', '['));
  return `${style.bold(title)}\n${style.dim(before.join('·'))}${style.good(after.join(''))}`;
}

/** A token on the terminal: what cannot be seen as an escape, and a line break after one that ends a line. */
function visible(piece: string, close: string, open = ''): string {
  const escaped = JSON.stringify(piece).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\');
  return `${open}${escaped}${close}${piece.endsWith('\n') ? '\n' : ''}`;
}
