// What a run made, as rows: everything that is committed so far, in the form of the iteration's files.
import { IsheepError } from '../shared/errors.js';
import type { RunStore } from '../store/run-store.js';
import type { SynthesizeRequest } from '../stages/synthesize/synthesize.js';
import { candidateRows, datasetRows, pairRows, trainRows } from './iteration-files.js';
import { promptWording } from './prompt-wording.js';
import { withRun } from './status.js';

export const showTopics = ['candidates', 'verdicts', 'dataset', 'training', 'prompts'] as const;

export type ShowTopic = (typeof showTopics)[number];

export interface Shown {
  runDir: string;
  topic: ShowTopic;
  iteration: number;
  rows: object[];
}

const readers: Record<ShowTopic, (store: RunStore, iteration: number) => object[]> = {
  candidates: candidateRows,
  verdicts: pairRows,
  dataset: datasetRows,
  training: trainRows,
  prompts: promptRows,
};

/** Rows of a topic; `iteration` is by default the last one that has any. Throws `bad-input` where there is no such thing. */
export function show(runDir: string, topic: ShowTopic, iteration?: number): Shown {
  return withRun(runDir, ({ store, config }) => {
    if (iteration !== undefined && (iteration < 1 || iteration > config.iterations)) {
      throw new IsheepError('bad-input', `the run ${runDir} has no iteration ${iteration}`, {
        hint: `it has the iterations 1 to ${config.iterations}`,
      });
    }
    const wanted = iteration ?? lastWith(topic, store, config.iterations);
    return { runDir, topic, iteration: wanted, rows: readers[topic](store, wanted) };
  });
}

function lastWith(topic: ShowTopic, store: RunStore, iterations: number): number {
  for (let iteration = iterations; iteration > 1; iteration--) {
    if (store.iterationModel(iteration) !== undefined && readers[topic](store, iteration).length > 0) return iteration;
  }
  return 1;
}

/** The wording with placeholders, then each prompt of synthesis as the model got it, with what it wrote. */
function promptRows(store: RunStore, iteration: number): object[] {
  const wording = Object.entries(promptWording()).map(([name, prompt]) => ({ name, prompt }));
  const requests = store.rows<SynthesizeRequest>(iteration, 'synthesize', 'request');
  return requests.length === 0 ? wording : [...wording, ...requests];
}
