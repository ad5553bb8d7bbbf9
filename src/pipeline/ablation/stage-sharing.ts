// Runs of an ablation differ in few settings, so most of their stages come out alike. A stage is known by everything that it
// depends on; where another run has finished the same one, its rows and files are taken over, byte for byte what doing it
// again would give.
import { existsSync } from 'node:fs';
import path from 'node:path';

import { copyFileAtomically } from '../../shared/atomic-file.js';
import { isIntact, iterationDir } from '../../store/artifacts.js';
import { RunStore } from '../../store/run-store.js';
import type { StageName } from '../events.js';
import { roundingChoices } from '../model-identity.js';
import { leaveFiles } from '../resume.js';
import { decidingSettings, hashText } from '../run-config.js';
import { adapterName, type RunContext } from '../run-context.js';
import { verdictsBefore, writerOf } from '../rollback.js';
import type { StageWork } from '../stages/stage-work.js';
import { dataset } from '../stored-rows.js';

export class StageSharing {
  /** The folders of the runs that have finished a stage, by the stage's identity. */
  readonly #donors = new Map<string, string>();

  /** Tells of a stage that this run has finished. */
  offer(run: RunContext, iteration: number, { stage }: StageWork): void {
    const identity = stageIdentity(run, iteration, stage);
    if (!this.#donors.has(identity)) this.#donors.set(identity, run.runDir);
  }

  /** Whether the stage could be taken over from another run. */
  takeOver(run: RunContext, iteration: number, work: StageWork): boolean {
    const { stage } = work;
    const donorDir = this.#donors.get(stageIdentity(run, iteration, stage));
    if (donorDir === undefined || donorDir === run.runDir) return false;
    const donor = RunStore.openExisting(donorDir);
    try {
      if (!copyArtifacts(run, iteration, work, donor, donorDir)) return false;
      for (const key of work.values?.(iteration) ?? []) {
        const value = donor.value(key);
        if (value !== undefined && run.store.value(key) === undefined) run.store.setValue(key, value);
      }
      run.store.copyStage(donor, iteration, stage);
    } finally {
      donor.close();
    }
    leaveFiles(run, iteration, stage);
    const note = `as in ${path.basename(donorDir)}`;
    run.report({ kind: 'stage-started', iteration, stage, unit: work.unit, total: 0, done: 0 });
    run.report({ kind: 'stage-finished', iteration, stage, seconds: 0, note });
    return true;
  }
}

/** False where a file of the donor's is lost or damaged. */
function copyArtifacts(
  { runDir, store }: RunContext,
  iteration: number,
  { artifacts = [] }: StageWork,
  donor: RunStore,
  donorDir: string,
): boolean {
  for (const name of artifacts) {
    const sha256 = donor.artifactHash(iteration, name);
    const file = path.join(iterationDir(donorDir, iteration), name);
    // What the stage did not make either has no hash and no file.
    if (sha256 === undefined && !existsSync(file)) continue;
    if (sha256 === undefined || !isIntact(file, sha256)) return false;
    copyFileAtomically(file, path.join(iterationDir(runDir, iteration), name));
    store.setArtifactHash(iteration, name, sha256);
  }
  return true;
}

/** Sections of the configuration, and single settings, by the stages that read them. What is not named here counts for all
 *  stages; a test watches what each stage reads. */
export const readBy: Readonly<Record<string, readonly StageName[]>> = {
  iterations: [],
  filter: ['synthesize', 'filter'],
  synthesize: ['synthesize', 'filter'],
  respond: ['respond'],
  constraints: ['respond'],
  'constraints.hindsight': ['select'],
  'constraints.beginnings': ['select'],
  'constraints.endings': ['select'],
  'constraints.families': ['respond', 'select'],
  'constraints.perInstruction': ['respond', 'select'],
  'constraints.repair': ['respond', 'select'],
  own: ['synthesize'],
  'quirks.gluedInput': ['respond'],
  assess: ['assess'],
  select: ['assess', 'select'],
  'select.questions': ['select'],
  'select.circles': ['select'],
  train: ['train', 'evaluate', 'merge'],
  gate: ['gate'],
  merge: ['merge'],
};

const order: readonly StageName[] = [
  'synthesize',
  'respond',
  'filter',
  'assess',
  'select',
  'train',
  'evaluate',
  'gate',
  'merge',
];

/** A hash of all that decides what the stage makes: settings that it reads, the inputs, the machine's choices, the model,
 *  and what the stages before it made. */
function stageIdentity(run: RunContext, iteration: number, stage: StageName): string {
  const { record, store, name } = run;
  const { judge, ...inputs } = record.inputs;
  return hashText(
    JSON.stringify([
      [stage, iteration, name],
      settingsFor(run, iteration, stage),
      stage === 'assess' ? { ...inputs, judge } : inputs,
      [record.versions, roundingChoices(record.choices)],
      isOfAdapter(stage) ? [] : store.iterationModel(iteration),
      madeBefore(run, iteration, stage),
    ]),
  );
}

/** Works with the dataset and adapters alone. */
function isOfAdapter(stage: StageName): boolean {
  return stage === 'train' || stage === 'evaluate' || stage === 'gate' || stage === 'merge';
}

function settingsFor({ config }: RunContext, iteration: number, stage: StageName): [string, string][] {
  // In the first iteration there is nothing to look back at.
  const looksBack = ['synthesize.writer', 'select.accumulate', 'train.startFrom'];
  return decidingSettings(config)
    .filter(([key]) => iteration > 1 || !looksBack.includes(key))
    .filter(([key]) => (readBy[key] ?? readBy[key.split('.')[0] ?? ''] ?? [stage]).includes(stage));
}

/** Of training and evaluation, the dataset and the adapters; of the others, all that the iteration's stages have stored. */
function madeBefore({ config, store }: RunContext, iteration: number, stage: StageName): unknown[] {
  const kept = hashText(JSON.stringify(dataset(store, iteration)));
  if (stage === 'train') {
    const writer = config.train.startFrom === 'last' ? writerOf(store, iteration) : 0;
    return [kept, writer > 0 ? store.artifactHash(writer, adapterName) : null];
  }
  if (stage === 'gate') {
    const adapters = Array.from({ length: iteration }, (_, i) => store.artifactHash(i + 1, adapterName));
    return [adapters, verdictsBefore(store, iteration)];
  }
  if (isOfAdapter(stage)) return [kept, store.artifactHash(iteration, adapterName)];
  const before = order.slice(0, order.indexOf(stage));
  const earlier = stage === 'select' && config.select.accumulate > 0 ? iteration - 1 : 0;
  return [
    before.map((one) => hashText(store.rowTexts(iteration, one).join('\n'))),
    Array.from({ length: earlier }, (_, i) => hashText(JSON.stringify(dataset(store, i + 1)))),
  ];
}
