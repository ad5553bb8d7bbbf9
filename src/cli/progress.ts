// Shows a run's events as progress on standard error. Reads RunEvent and nothing else.
import type { Reporter, RunEvent } from '../pipeline/events.js';
import type { ProgressLine } from './progress-line.js';
import { writtenBy } from './summary.js';
import { countsLines, memoryLine, trainingDetail } from './training-text.js';

/** A reporter that draws the events on `progress`. */
export function progressReporter(progress: ProgressLine): Reporter {
  let trainedTokens = 0;
  return (event) => {
    if (event.kind === 'stage-started') {
      trainedTokens = 0;
      progress.start({ label: event.stage, unit: event.unit, total: event.total, done: event.done });
    } else if (event.kind === 'stage-progress') {
      if (event.stage === 'train') return; // the training's own events say more
      if (event.total !== undefined) progress.setTotal(event.total);
      progress.update(event.done, event.tokens, event.doing);
    } else if (event.kind === 'stage-finished') progress.finish(event.note, event.seconds);
    else if (event.kind === 'training') {
      if (event.event.kind === 'samples') {
        for (const line of [...countsLines(event.event), memoryLine(event.event.memory)]) progress.line(`  ${line}`);
        progress.setTotal(event.event.steps);
      }
      if (event.event.kind === 'step') trainedTokens += event.event.tokens;
      if (event.event.kind === 'step' || event.event.kind === 'measuring') {
        progress.update(event.event.step, trainedTokens, trainingDetail(event.event));
      }
    } else showTurn(progress, event);
  };
}

type Turn = Extract<
  RunEvent,
  { kind: 'run-started' | 'cell-started' | 'iteration-started' | 'warning' | 'run-finished' }
>;

function showTurn(progress: ProgressLine, event: Turn): void {
  const { style } = progress;
  if (event.kind === 'run-finished') progress.stop();
  else if (event.kind === 'warning') progress.writeLine(`${style.notable('warning:')} ${event.message}`);
  else if (event.kind === 'cell-started') {
    progress.line(`${style.bold(`${event.variant}, seed ${event.seed}`)} (${event.cell} of ${event.of})`);
  } else if (event.kind === 'run-started') {
    progress.line(`${event.continued ? 'continuing' : 'run'} ${style.bold(event.runDir)}`);
  } else {
    const { model, instructionsBy } = event;
    const local = model === 'base' ? 'the base' : 'the adapter of the iteration before';
    const writer = typeof model === 'object' && 'endpoint' in model ? `the endpoint's model ${model.endpoint}` : local;
    progress.line(`${style.bold(`iteration ${event.iteration} of ${event.of}`)}, ${writtenBy(writer, instructionsBy)}`);
  }
}
