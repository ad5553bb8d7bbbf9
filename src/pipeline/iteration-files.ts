// Which files a finished stage leaves in the iteration's folder, and what is in them (contract.md, "A run's folder").
// The order of keys is fixed here, so equal data is equal bytes. Only train.jsonl holds timings.
import { hasGate } from '../config/gate-schema.js';
import type { Config } from '../config/schema.js';
import type { Assessment, Candidate, Pair } from '../shared/rows.js';
import { ensureArtifact, jsonLines } from '../store/artifacts.js';
import type { RunStore } from '../store/run-store.js';
import { candidateOf, difficulties } from '../stages/select/best-of.js';
import type { StageName } from './events.js';
import type { RunData } from './run-context.js';
import {
  assessments,
  byId,
  dataset,
  filteredPairs,
  heldOutSteps,
  measuredFields,
  stageResult,
  trainingSteps,
} from './stored-rows.js';

interface IterationFile {
  name: string;
  /** With which it is complete. */
  stage: StageName | ((config: Config) => StageName);
  content: (store: RunStore, iteration: number) => string;
}

const iterationFiles: readonly IterationFile[] = [
  { name: 'candidates.jsonl', stage: 'synthesize', content: (store, t) => jsonLines(candidateRows(store, t)) },
  {
    name: 'pairs.jsonl',
    stage: ({ select }) => (select.by === 'assessment' ? 'assess' : 'select'),
    content: (store, t) => jsonLines(pairRows(store, t)),
  },
  { name: 'dataset.jsonl', stage: 'select', content: (store, t) => jsonLines(datasetRows(store, t)) },
  { name: 'train.jsonl', stage: 'train', content: (store, t) => jsonLines(trainRows(store, t)) },
  {
    name: 'evaluation.json',
    stage: ({ gate }) => (hasGate(gate) ? 'gate' : 'evaluate'),
    content: (store, t) => `${JSON.stringify(evaluation(store, t), null, 2)}\n`,
  },
  {
    name: 'merge.json',
    stage: 'merge',
    content: (store, t) => `${JSON.stringify(stageResult(store, t, 'merge'), null, 2)}\n`,
  },
];

/** Writes the files of a finished stage that are missing or damaged, or all of them where it was only now done; names those
 *  that had to be written. */
export function ensureFiles(
  { store, runDir, config }: RunData,
  iteration: number,
  stage: StageName,
  isNew = false,
): string[] {
  return iterationFiles
    .filter((file) => (typeof file.stage === 'string' ? file.stage : file.stage(config)) === stage)
    .filter(
      ({ name, content }) =>
        ensureArtifact(store, { runDir, iteration, name, isNew }, () => content(store, iteration)) === 'written',
    )
    .map(({ name }) => name);
}

export function candidateRows(store: RunStore, iteration: number): object[] {
  return store
    .rows<Candidate>(iteration, 'synthesize', 'candidate')
    .map(({ id, instruction, input, verdicts, source }) => ({ id, instruction, input, verdicts, source }));
}

/** Every response, with its verdicts and, where it passed, its assessment or what was measured. */
export function pairRows(store: RunStore, iteration: number): object[] {
  const pairs = filteredPairs(store, iteration);
  const scores = scoresOf(store, iteration);
  const gaps = difficulties(pairs, assessments(store, iteration));
  return pairs.map((pair) => {
    const difficulty = gaps.get(candidateOf(pair));
    return {
      ...pairFields(pair),
      ...(difficulty !== undefined && { difficulty }),
      verdicts: pair.verdicts,
      ...scores(pair.id),
      source: pair.source,
    };
  });
}

/** How the pairs of an iteration were judged or measured. */
function scoresOf(store: RunStore, iteration: number): (id: string) => object {
  const assessed = byId(assessments(store, iteration));
  const measured = measuredFields(store, iteration);
  return (id) => ({ ...assessmentFields(assessed.get(id)), ...measured(id) });
}

/** What is trained on, in order. A pair of an earlier iteration names it. */
export function datasetRows(store: RunStore, iteration: number): object[] {
  const scores = new Map<number, (id: string) => object>();
  const scoreFields = (pair: Pair) => {
    const madeIn = pair.iteration ?? iteration;
    const known = scores.get(madeIn) ?? scoresOf(store, madeIn);
    scores.set(madeIn, known);
    return known(pair.id);
  };
  return dataset(store, iteration).map((pair) => ({
    ...pairFields(pair),
    ...(pair.difficulty !== undefined && { difficulty: pair.difficulty }),
    ...(pair.trainedTokens !== undefined && { trainedTokens: pair.trainedTokens }),
    ...(pair.weight !== undefined && { weight: pair.weight }),
    ...(pair.iteration !== undefined && { iteration: pair.iteration }),
    // Whoever trains on the file must not hold out what is made of what is trained on.
    ...(pair.source?.hindsightOf !== undefined && { source: pair.source }),
    ...scoreFields(pair),
  }));
}

/** Training steps and looks at the held-out pairs, in the order of steps. */
export function trainRows(store: RunStore, iteration: number): object[] {
  const rows = [...trainingSteps(store, iteration), ...heldOutSteps(store, iteration)];
  return rows.sort((a, b) => a.step - b.step);
}

function evaluation(store: RunStore, iteration: number): object {
  const gate = stageResult(store, iteration, 'gate');
  return { ...stageResult(store, iteration, 'evaluate'), ...(gate && { gate }) };
}

function pairFields({ id, instruction, input, response, system, constraints }: Pair): object {
  return {
    ...{ id, instruction, input, response },
    ...(system === undefined ? {} : { system }),
    ...(constraints === undefined ? {} : { constraints }),
  };
}

/** `quality` and `following` stand at the top, where a pair has them; the rest says how they were obtained. */
function assessmentFields(assessment: Assessment | undefined): object {
  if (assessment === undefined) return {};
  // The pair has the id already.
  const fields = Object.fromEntries(Object.entries(assessment).filter(([key]) => key !== 'id'));
  if (!('quality' in assessment) || assessment.quality === null) return { assessment: fields };
  return { quality: assessment.quality, following: assessment.following, assessment: fields };
}
