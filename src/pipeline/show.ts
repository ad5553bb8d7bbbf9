// What a run made: everything that is committed so far, as rows in the form of the iteration's files; and what is trained
// on, token by token.
import type { Config } from '../config/schema.js';
import type { ExampleTokenizer } from '../engine/engine-factory.js';
import { IsheepError } from '../shared/errors.js';
import { joinedTask } from '../shared/task-prompt.js';
import type { RunStore } from '../store/run-store.js';
import type { SynthesizeRequest } from '../stages/synthesize/synthesize.js';
import { candidateRows, datasetRows, pairRows, trainRows } from './iteration-files.js';
import { promptWording } from './prompt-wording.js';
import type { RunData } from './run-context.js';
import { withRun } from './status.js';
import { dataset } from './stored-rows.js';
import { showSamples, type ShownTraining } from './training-samples.js';

export const showTopics = ['candidates', 'verdicts', 'dataset', 'training', 'steps', 'prompts'] as const;

export type ShowTopic = (typeof showTopics)[number];
/** All but `training`, which needs the model's vocabulary. */
export type RowTopic = Exclude<ShowTopic, 'training'>;

export interface Shown {
  runDir: string;
  topic: RowTopic;
  iteration: number;
  rows: object[];
}

export interface ShownRunTraining extends ShownTraining {
  runDir: string;
  topic: 'training';
  iteration: number;
}

const readers: Record<RowTopic, (store: RunStore, iteration: number) => object[]> = {
  candidates: candidateRows,
  verdicts: pairRows,
  dataset: datasetRows,
  steps: trainRows,
  prompts: promptRows,
};

/** Rows of a topic; `iteration` is by default the last one that has any. Throws `bad-input` where there is no such thing. */
export function show(runDir: string, topic: RowTopic, iteration?: number): Shown {
  return withRun(runDir, (run) => {
    const wanted = wantedIteration(run, topic, iteration);
    return { runDir, topic, iteration: wanted, rows: readers[topic](run.store, wanted) };
  });
}

/** The configuration that a run was started with. */
export function configOfRun(runDir: string): Config {
  return withRun(runDir, ({ config }) => config);
}

/** The first `limit` samples that an iteration trains on, and all counts. Throws as show does. */
export function showTraining(
  runDir: string,
  iteration: number | undefined,
  tokenizer: ExampleTokenizer,
  limit: number,
): ShownRunTraining {
  return withRun(runDir, (run) => {
    const wanted = wantedIteration(run, 'dataset', iteration);
    const pairs = dataset(run.store, wanted);
    if (pairs.length === 0) {
      throw new IsheepError('nothing-usable', `iteration ${wanted} of ${runDir} has no dataset yet`, {
        hint: `isheep status --run ${runDir} tells how far it is`,
      });
    }
    const { seed, train: settings, inputJoiner } = run.config;
    const joined = pairs.map((pair) => joinedTask(pair, inputJoiner));
    const input = { dataset: joined, iteration: wanted, seed, settings };
    return { runDir, topic: 'training', iteration: wanted, ...showSamples(input, tokenizer, limit) };
  });
}

function wantedIteration({ runDir, store, config }: RunData, topic: RowTopic, iteration?: number): number {
  if (iteration !== undefined && (iteration < 1 || iteration > config.iterations)) {
    throw new IsheepError('bad-input', `the run ${runDir} has no iteration ${iteration}`, {
      hint: `it has the iterations 1 to ${config.iterations}`,
    });
  }
  return iteration ?? lastWith(topic, store, config.iterations);
}

function lastWith(topic: RowTopic, store: RunStore, iterations: number): number {
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
