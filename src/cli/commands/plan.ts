import path from 'node:path';

import { plan, type Plan } from '../../pipeline/plan.js';
import type { Command } from '../command.js';
import { formatBytes, formatCount, formatSeconds, formatTable, formatUnits } from '../format.js';
import type { Style } from '../style.js';
import { memoryLine } from '../training-text.js';
import { runOptionOf, runSettings } from './run.js';
import { modelFiles, runEngineOptions } from './with-model.js';

export const planCommand: Command = {
  name: 'plan',
  summary: 'memory, time and disk of a run, from a short probe on this machine; changes nothing',
  options: [runOptionOf('plan'), ...runSettings],
  async run(call) {
    const { config, values, interrupts, output } = call;
    const files = modelFiles(call);
    output.note('measuring a small part of each stage on this machine');
    const forecast = await plan({
      runDir: values.text('run') ?? path.join('runs', 'planned'),
      config,
      ...files,
      engine: call.createEngine(runEngineOptions(call)),
      signal: interrupts.stop,
    });
    return { text: planText(forecast, output.resultStyle), data: forecast };
  },
};

/** A line a stage for one iteration, and what the whole run needs. */
function planText(forecast: Plan, style: Style): string {
  const rows = forecast.stages.map(({ stage, unit, count, tokens, seconds }) => [
    `  ${stage}`,
    `${formatCount(count)} ${unit}`,
    tokens > 0 ? formatUnits(tokens, 'tokens') : '',
    seconds > 0 ? formatSeconds(seconds) : '',
  ]);
  const { iterations, seconds, memoryBytes, trainingMemory, maxLength, diskBytes, freeDiskBytes, notes, measured } =
    forecast;
  const peaks = `writing and judging ${formatBytes(measured.peakBytes)}, training ${formatBytes(trainingMemory.total)}`;
  const needs = [
    ['time', `about ${formatSeconds(seconds)} for ${iterations} iteration${iterations === 1 ? '' : 's'}`],
    ['memory', `about ${formatBytes(memoryBytes)} at the peak: ${peaks}`],
    ['training', `${memoryLine(trainingMemory)}; samples of ${formatCount(maxLength)} tokens`],
    ['disk', `about ${formatBytes(diskBytes)}; ${formatBytes(freeDiskBytes)} are free`],
    ['measured', measuredText(measured)],
  ];
  const whole = formatTable(needs.map(([name = '', value = '']) => [`  ${name}`, value]));
  const remarks = notes.map((note) => `note: ${note}`).join('\n');
  return `${style.bold('each iteration')}\n${formatTable(rows, [1, 2, 3])}\n\n${style.bold('the run')}\n${whole}\n${remarks}`.trimEnd();
}

/** What the forecast is made from. */
function measuredText({ synthesize, respond, assess, train }: Plan['measured']): string {
  const parts: [number, string, number][] = [
    [synthesize.requests, 'requests', synthesize.seconds],
    [respond.responses, 'responses', respond.seconds],
    [assess.pairs, 'pairs judged', assess.seconds],
    [train.pairs, 'pairs trained on', train.seconds],
  ];
  const timed = parts.filter(([count]) => count > 0);
  return timed.map(([count, what, seconds]) => `${formatCount(count)} ${what} in ${formatSeconds(seconds)}`).join(', ');
}
