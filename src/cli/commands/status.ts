import { readStatus, type RunStatus, type StageStatus } from '../../pipeline/status.js';
import type { Command } from '../command.js';
import { formatCount, formatSeconds, formatTable } from '../format.js';
import { pathOption } from '../options.js';
import type { Style } from '../style.js';

export const runOption = pathOption('run', "the run's folder", { required: true });

export const statusCommand: Command = {
  name: 'status',
  summary: 'how far a run is',
  options: [runOption],
  run(call) {
    const status = readStatus(call.values.needText('run'));
    return Promise.resolve({ text: statusText(status, call.output.resultStyle), data: status });
  },
};

/** A line a stage, and where the run stands. */
export function statusText(status: RunStatus, style: Style): string {
  const iterations = status.iterations.map(({ iteration, stages, summary }) => {
    const losses = summary?.evaluate;
    const base = losses?.heldOutLossBase ?? null;
    const adapter = losses?.heldOutLossAdapter ?? null;
    const loss = base === null || adapter === null ? '' : `, held-out loss ${base.toFixed(3)} → ${adapter.toFixed(3)}`;
    return `${style.bold(`iteration ${iteration}`)}${loss}\n${formatTable(stages.map(stageRow))}`;
  });
  return [`${style.bold(status.runDir)}: ${standing(status)}`, ...iterations].join('\n\n');
}

function standing({ isFinished, isRunning, best }: RunStatus): string {
  if (isFinished) return best === null ? 'finished; the base is best' : `finished; iteration ${best} is best`;
  if (isRunning) return 'running';
  return 'not finished, and no process works on it; the same `isheep run` command continues it';
}

function stageRow({ stage, state, unit, total, done, seconds }: StageStatus): string[] {
  const symbol = { finished: '✓', started: '…', waiting: ' ' }[state];
  const amount = total === null ? '' : `${formatCount(done)} of ${formatCount(total)} ${unit}`;
  return [`  ${symbol} ${stage}`, amount, seconds > 0 ? formatSeconds(seconds) : ''];
}
