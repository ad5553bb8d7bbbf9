// Stage synthesize in a run: the seeds alone are shown, the iteration's model writes, everything it wrote is kept. Where the
// seeds that are shown depend on the model, it measures them first, once an iteration.
import type { Config } from '../../config/schema.js';
import type { CallOptions, LanguageModel } from '../../engine/engine.js';
import type { EngineChoices, EngineFactory } from '../../engine/engine-factory.js';
import { IsheepError } from '../../shared/errors.js';
import { deriveSeed } from '../../shared/random.js';
import type { SeedTask } from '../../shared/rows.js';
import { createScreen } from '../../stages/filter/screen.js';
import type { SeedMeasures } from '../../stages/synthesize/demonstrations.js';
import { localScreen } from '../../stages/synthesize/local-screen.js';
import { measureSeeds, measuresInWords } from '../../stages/synthesize/measure-seeds.js';
import { type CandidateScreen, synthesize } from '../../stages/synthesize/synthesize.js';
import { callOptions, modelOf, type RunContext } from '../run-context.js';
import { isKept, keptCandidates, synthesizeChunks, synthesizeRows } from '../stored-rows.js';
import { commitChunks, type StageWork } from './stage-work.js';

export const synthesizeStage: StageWork = {
  stage: 'synthesize',
  unit: 'instructions',

  size(run, iteration) {
    const total = run.config.instructions;
    return { total, done: keptCandidates(run.store, iteration, total).length };
  },

  async work(run, iteration) {
    const { config, seeds, topics, store } = run;
    const target = config.instructions;
    const earlier = synthesizeChunks(store, iteration);
    let done = earlier.flatMap((chunk) => chunk.candidates).filter(isKept).length;
    let tokens = 0;
    let chunkTokens = 0;
    const progress = () =>
      run.report({ kind: 'stage-progress', iteration, stage: 'synthesize', done, tokens: tokens + chunkTokens });
    const model = await modelOf(run, iteration);
    const measures = await measuresOf(run, iteration, model, done);
    const chunks = synthesize(
      {
        seeds,
        iteration,
        seed: config.seed,
        target,
        settings: config.synthesize,
        quirks: config.quirks,
        measures,
        topics,
        screen: candidateScreen(config, seeds),
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
    return { result: {}, note: `${done} instructions kept of ${parsed} written in ${requests} texts${measured}` };
  },
};

/** The filters that judge what the model writes; of a run and of its probe. */
export function candidateScreen(config: Config, seeds: readonly SeedTask[]): CandidateScreen {
  const { filter, synthesize: settings, quirks } = config;
  const options = { rules: filter.rules, appliesTo: 'candidate', novelty: settings.novelty, against: seeds } as const;
  return quirks.localNovelty ? localScreen(() => createScreen(options)) : createScreen(options);
}

/** Throws `unsupported-model` where an endpoint cannot tell how likely the seeds are, before there is anything to write. */
export async function refuseImpossibleDemonstrations(
  { synthesize: { demonstrationsBy } }: Config,
  engine: EngineFactory,
  choices: EngineChoices,
): Promise<void> {
  if (engine.openEndpoint === undefined || demonstrationsBy !== 'perplexity') return;
  const model = await engine.openEndpoint(choices);
  try {
    if ((await model.canScore?.('continuation')) ?? true) return;
  } finally {
    await model.dispose();
  }
  throw new IsheepError(
    'unsupported-model',
    'synthesize.demonstrationsBy perplexity needs a server that tells log-probabilities of a prompt',
    { hint: 'vLLM does; with this server take synthesize.demonstrationsBy uniform' },
  );
}

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

/** Stored, so that a resume draws by the very same numbers. */
async function measuresOf(
  run: RunContext,
  iteration: number,
  model: LanguageModel,
  done: number,
): Promise<SeedMeasures | undefined> {
  const { config, seeds, store } = run;
  const key = `seed-measures-${iteration}`;
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
