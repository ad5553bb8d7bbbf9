// Runs a grid of settings, several seeds each, in one folder: runs/<variant>-seed-<seed> are ordinary runs, which share the
// stages that come out alike. The same command again continues.
import path from 'node:path';

import type { Config } from '../../config/schema.js';
import type { EngineFactory } from '../../engine/engine-factory.js';
import { writeFileAtomically } from '../../shared/atomic-file.js';
import { attemptAll } from '../../shared/attempt-all.js';
import { type ErrorCode, IsheepError } from '../../shared/errors.js';
import { acquireLock } from '../../store/lock.js';
import type { Reporter } from '../events.js';
import { decidingSettings, hashText } from '../run-config.js';
import { loadInputs } from '../run-inputs.js';
import { runLoop, type RunOptions } from '../run.js';
import { withRun } from '../status.js';
import { seedLosses } from '../stored-rows.js';
import { summarizeRun } from '../summary.js';
import type { Ablation, Cell } from './ablation-file.js';
import { ablationResult, type AblationResult, type CellResult } from './results.js';
import { StageSharing } from './stage-sharing.js';
import { markdownTable } from './table.js';

export interface AblateOptions extends Pick<RunOptions, 'stop' | 'cancel' | 'continueCommand'> {
  dir: string;
  ablation: Ablation;
  /** The models of a configuration and the engine over them; opens no weights. */
  open: (config: Config) => Pick<RunOptions, 'modelPath' | 'judgePath'> & { engine: EngineFactory };
  report: Reporter;
}

const resultsName = 'results.json';
export const tableName = 'table.md';

/** What of a run is a result of its settings, and no reason not to go on with the others. */
const results: readonly ErrorCode[] = ['nothing-usable', 'training-diverged'];

/** Throws what a run throws, but that a variant keeps nothing or diverges is a result. */
export async function ablate(options: AblateOptions): Promise<AblationResult> {
  const { dir, ablation, open } = options;
  // What is missing or wrong of any model or file is told before the first run.
  const opened = ablation.cells.map((cell) => ({ cell, ...open(cell.config) }));
  attemptAll(
    ...ablation.cells.map(
      ({ config }) =>
        () =>
          void loadInputs(config),
    ),
  );
  for (const { engine } of firstOfEach(opened)) await engine.check('training');
  const lock = acquireLock(dir);
  try {
    const sharing = new StageSharing();
    const name = ablationName(ablation);
    const ended: CellResult[] = [];
    for (const [i, { cell, ...models }] of opened.entries()) {
      const { variant, seed, config } = cell;
      options.report({ kind: 'cell-started', variant, seed, cell: i + 1, of: opened.length });
      const { report, stop, cancel, continueCommand } = options;
      const signals = { ...(stop && { stop }), ...(cancel && { cancel }), ...(continueCommand && { continueCommand }) };
      const runDir = runFolder(dir, cell);
      ended.push(await runCell(cell, { ...models, ...signals, runDir, config, report, sharing, name }));
      writeResults(ablationResult(dir, ablation, ended));
    }
    return ablationResult(dir, ablation, ended);
  } finally {
    lock.release();
  }
}

/** After each run, so that there is a table of what has been done so far. */
function writeResults(result: AblationResult): void {
  writeFileAtomically(path.join(result.dir, resultsName), `${JSON.stringify(result, null, 2)}\n`);
  writeFileAtomically(path.join(result.dir, tableName), markdownTable(result));
}

async function runCell({ variant, seed }: Cell, options: RunOptions): Promise<CellResult> {
  const { runDir } = options;
  try {
    const summary = await runLoop({ ...options, report: withoutEnd(options.report) });
    return { variant, seed, runDir, summary, losses: lossesOf(runDir) };
  } catch (error) {
    if (!(error instanceof IsheepError) || !results.includes(error.code)) throw error;
    const gaveUp = error.hint === '' ? error.message : `${error.message}; ${error.hint}`;
    options.report({ kind: 'warning', message: gaveUp });
    const summary = withRun(runDir, summarizeRun);
    return { variant, seed, runDir, summary, gaveUp, losses: lossesOf(runDir) };
  }
}

function lossesOf(runDir: string): CellResult['losses'] {
  return withRun(runDir, ({ store, config }) =>
    Array.from({ length: config.iterations }, (_, i) => seedLosses(store, i + 1)),
  );
}

/** A run's end is not the end of the ablation. */
function withoutEnd(report: Reporter): Reporter {
  return (event) => {
    if (event.kind !== 'run-finished') report(event);
  };
}

/** The same in all runs and in every folder, so that runs that train the same make the same bytes. */
function ablationName({ cells }: Ablation): string {
  return hashText(JSON.stringify(cells.map(({ variant, seed, config }) => [variant, seed, decidingSettings(config)])));
}

/** Letters, digits and a few signs of the variant's name; what two names then have in common is told apart by a hash. */
export function runFolder(dir: string, { variant, seed }: Pick<Cell, 'variant' | 'seed'>): string {
  const plain = variant.replace(/[^\w.=+-]+/g, '-').replace(/^-+|-+$/g, '');
  const isWhole = plain === variant && plain.length <= 80;
  const slug = isWhole ? plain : `${plain.slice(0, 80)}-${hashText(variant).slice(0, 6)}`;
  return path.join(dir, 'runs', `${slug}-seed-${seed}`);
}

function firstOfEach<T extends { cell: Cell }>(opened: readonly T[]): T[] {
  const models = opened.map(({ cell: { config } }) =>
    JSON.stringify([config.model, config.chatTemplate, config.assess.judge]),
  );
  return opened.filter((_, i) => models.indexOf(models[i] as string) === i);
}
