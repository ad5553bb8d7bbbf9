// Which files a finished stage leaves in the iteration's folder, and what is in them (contract.md, "A run's folder").
// The order of keys is fixed here, so equal data is equal bytes. Only train.jsonl holds timings.
import type { Assessment, Candidate, Pair } from '../shared/rows.js';
import { ensureArtifact, jsonLines } from '../store/artifacts.js';
import type { RunStore } from '../store/run-store.js';
import type { StageName } from './events.js';
import {
  assessments,
  byId,
  dataset,
  filteredPairs,
  heldOutSteps,
  stageResult,
  trainingSteps,
  type EvaluateResult,
} from './stored-rows.js';

interface IterationFile {
  name: string;
  stage: StageName;
  content: (store: RunStore, iteration: number) => string;
}

export const iterationFiles: readonly IterationFile[] = [
  { name: 'candidates.jsonl', stage: 'synthesize', content: (store, t) => jsonLines(candidateRows(store, t)) },
  { name: 'pairs.jsonl', stage: 'assess', content: (store, t) => jsonLines(pairRows(store, t)) },
  { name: 'dataset.jsonl', stage: 'select', content: (store, t) => jsonLines(datasetRows(store, t)) },
  { name: 'train.jsonl', stage: 'train', content: (store, t) => jsonLines(trainRows(store, t)) },
  {
    name: 'evaluation.json',
    stage: 'evaluate',
    content: (store, t) => `${JSON.stringify(evaluation(store, t), null, 2)}\n`,
  },
  {
    name: 'merge.json',
    stage: 'merge',
    content: (store, t) => `${JSON.stringify(stageResult(store, t, 'merge'), null, 2)}\n`,
  },
];

/** Writes the files of a finished stage that are missing or damaged; names those that had to be written. */
export function ensureFiles(store: RunStore, runDir: string, iteration: number, stage: StageName): string[] {
  return iterationFiles
    .filter((file) => file.stage === stage)
    .filter(
      ({ name, content }) =>
        ensureArtifact(store, runDir, iteration, name, () => content(store, iteration)) === 'written',
    )
    .map(({ name }) => name);
}

export function candidateRows(store: RunStore, iteration: number): object[] {
  return store
    .rows<Candidate>(iteration, 'synthesize', 'candidate')
    .map(({ id, instruction, input, verdicts, source }) => ({ id, instruction, input, verdicts, source }));
}

/** Every response, with its verdicts and, where it passed, its assessment. */
export function pairRows(store: RunStore, iteration: number): object[] {
  const assessed = byId(assessments(store, iteration));
  return filteredPairs(store, iteration).map((pair) => {
    const assessment = assessed.get(pair.id);
    return { ...pairFields(pair), verdicts: pair.verdicts, ...assessmentFields(assessment), source: pair.source };
  });
}

/** What is trained on, in order. */
export function datasetRows(store: RunStore, iteration: number): object[] {
  const assessed = byId(assessments(store, iteration));
  return dataset(store, iteration).map((pair) => ({ ...pairFields(pair), ...assessmentFields(assessed.get(pair.id)) }));
}

/** Training steps and looks at the held-out pairs, in the order of steps. */
export function trainRows(store: RunStore, iteration: number): object[] {
  const rows = [...trainingSteps(store, iteration), ...heldOutSteps(store, iteration)];
  return rows.sort((a, b) => a.step - b.step);
}

function evaluation(store: RunStore, iteration: number): EvaluateResult | undefined {
  return stageResult(store, iteration, 'evaluate');
}

function pairFields({ id, instruction, input, response, system }: Pair): object {
  return { id, instruction, input, response, ...(system === undefined ? {} : { system }) };
}

/** `quality` and `following` stand at the top, where a pair has them; the rest says how they were obtained. */
function assessmentFields(assessment: Assessment | undefined): object {
  if (assessment === undefined) return {};
  // The pair has the id already.
  const fields = Object.fromEntries(Object.entries(assessment).filter(([key]) => key !== 'id'));
  if (!('quality' in assessment) || assessment.quality === null) return { assessment: fields };
  return { quality: assessment.quality, following: assessment.following, assessment: fields };
}
