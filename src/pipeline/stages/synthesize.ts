// Stage synthesize in a run: a person's own instructions, then what the iteration's model writes from seeds or documents;
// everything that was written is kept. Where the seeds that are shown depend on the model, it measures them first, once an
// iteration.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import { deriveSeed } from '../../shared/random.js';
import type { SeedTask } from '../../shared/rows.js';
import { isKept } from '../../shared/verdicts.js';
import type { SeedMeasures } from '../../stages/synthesize/demonstrations.js';
import { measureSeeds, measuresInWords } from '../../stages/synthesize/measure-seeds.js';
import { synthesize } from '../../stages/synthesize/synthesize.js';
import { callOptions, instructionWriterOf, type RunContext } from '../run-context.js';
import { synthesisInputs, synthesisMethod } from '../run-inputs.js';
import { keptCandidates, synthesizeChunks, synthesizeRows } from '../stored-rows.js';
import { commitChunks, type StageWork } from './stage-work.js';

const nothingBegun =
  "synthesize.begun changes nothing here: the model has no chat template of its own in which it writes a user's turn, so it " +
  'goes on with lists of tasks';

export const synthesizeStage: StageWork = {
  stage: 'synthesize',
  unit: 'instructions',
  values: (iteration) => [seedMeasuresKey(iteration)],

  size(run, iteration) {
    const wanted = run.config.instructions;
    const done = keptCandidates(run.store, iteration, wanted).length;
    // Of a person's own alone there are as many as the filters leave, which is known once they are there.
    const isWhole = run.config.synthesize.method === 'none' && synthesizeChunks(run.store, iteration).length > 0;
    return { total: isWhole ? done : wanted, done };
  },

  async work(run, iteration) {
    const { config, seeds, store } = run;
    const target = config.instructions;
    const earlier = synthesizeChunks(store, iteration);
    let done = earlier.flatMap((chunk) => chunk.candidates).filter(isKept).length;
    let tokens = 0;
    let chunkTokens = 0;
    const progress = () =>
      run.report({ kind: 'stage-progress', iteration, stage: 'synthesize', done, tokens: tokens + chunkTokens });
    const model = await instructionWriterOf(run, iteration);
    const byTurns = synthesisMethod(config, model) === 'turn';
    if ((config.synthesize.begun ?? 0) > 0 && !byTurns) run.report({ kind: 'warning', message: nothingBegun });
    const measures = await measuresOf(run, iteration, model, done);
    const chunks = synthesize(
      {
        ...synthesisInputs(config, run, model),
        measures,
        iteration,
        target,
        earlier,
        ...callOptions(run, (_, generated) => {
          chunkTokens = generated;
          progress();
        }),
      },
      model,
    );
    await commitChunks(run, iteration, this, chunks, (chunk) => {
      done = Math.min(target, done + chunk.candidates.filter(isKept).length);
      tokens += chunk.requests.reduce((sum, request) => sum + request.tokens, 0);
      chunkTokens = 0;
      progress();
      return { ...synthesizeRows(chunk), done };
    });
    const requests = store.countRows(iteration, 'synthesize', 'request');
    const parsed = store.countRows(iteration, 'synthesize', 'candidate');
    const measured = measures === undefined ? '' : `; ${measuresInWords(measures, seeds.length)}`;
    const origin = requests === 0 ? 'of your own' : `written in ${requests} ${byTurns ? "users' turns" : 'texts'}`;
    return { result: {}, note: `${done} instructions kept of ${parsed} ${origin}${measured}` };
  },
};

/** What the model makes of the seeds, where demonstrations go by it. */
export async function measureDemonstrations(
  { seed, synthesize: { demonstrationsBy: by, demonstrations } }: Config,
  seeds: readonly SeedTask[],
  iteration: number,
  model: LanguageModel,
  call: CallOptions = {},
): Promise<SeedMeasures | undefined> {
  if (by === 'uniform') return undefined;
  const input = { seeds, by, demonstrations, seed: deriveSeed(seed, 'synthesize', iteration, 'clusters'), ...call };
  return measureSeeds(input, model);
}

function seedMeasuresKey(iteration: number): string {
  return `seed-measures-${iteration}`;
}

/** Stored, so that a resume draws by the very same numbers. */
async function measuresOf(
  run: RunContext,
  iteration: number,
  model: LanguageModel,
  done: number,
): Promise<SeedMeasures | undefined> {
  const { config, seeds, store } = run;
  const key = seedMeasuresKey(iteration);
  const known = store.value(key) as SeedMeasures | undefined;
  if (known !== undefined) return known;
  const call = callOptions(run, (measured) => {
    const doing = `measuring seeds, ${measured} of ${seeds.length}`;
    run.report({ kind: 'stage-progress', iteration, stage: 'synthesize', done, tokens: 0, doing });
  });
  const measures = await measureDemonstrations(config, seeds, iteration, model, call);
  if (measures !== undefined) store.setValue(key, measures);
  return measures;
}
