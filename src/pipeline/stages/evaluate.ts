// Stage evaluate in a run: does the adapter, loaded as a user would load it, predict responses better than the base? Two
// sets: the seeds' own responses, which no iteration trains on and which are therefore the common ground on
// which iterations are compared; and the iteration's own held-out pairs.
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { Pair, SeedTask } from '../../shared/rows.js';
import { joinedTask } from '../../shared/task-prompt.js';
import { compareLosses, pairLosses, type Comparison, type PairLoss } from '../../stages/evaluate/losses.js';
import { splitHeldOut } from '../../stages/train/train.js';
import { adapterPath, stopIfAsked, type RunContext, type RunData } from '../run-context.js';
import { dataset, lossRows, type EvaluateResult } from '../stored-rows.js';
import type { StageWork } from './stage-work.js';

/** How many seeds an adapter is compared on: enough for a stable mean, few enough for seconds. */
const seedPairs = 32;

export const baseLossesKey = 'seed-losses-base';

export const evaluateStage: StageWork = {
  stage: 'evaluate',
  unit: 'adapters',
  values: () => [baseLossesKey],

  size() {
    return { total: 1, done: 0 };
  },

  async work(run, iteration) {
    const joined = (pair: Pair) => joinedTask(pair, run.config.inputJoiner);
    const common = commonPairs(run.seeds, run.config.seed).map(joined);
    const own = heldOutPairs(run, iteration).map(joined);
    const base = await losses(run, null, [], own);
    const commonBase = await baseLosses(run, common);
    stopIfAsked(run, iteration, 'evaluate', 'the losses of the base');
    const adapter = await losses(run, adapterPath(run.runDir, iteration), common, own);
    const seeds = common.length === 0 ? null : compared(commonBase, adapter.common);
    const heldOut = own.length === 0 ? null : compared(base.own, adapter.own);
    const deciding = seeds ?? heldOut;
    run.store.commitChunk({
      iteration,
      stage: 'evaluate',
      chunk: 0,
      seconds: 0,
      info: {},
      rows: lossRows(adapter.common),
    });
    const result: EvaluateResult = {
      iteration,
      decidedBy: seeds === null ? 'held-out' : 'seeds',
      better: deciding !== null && deciding.adapter < deciding.base,
      seeds,
      heldOut,
    };
    return { result, note: inWords(result) };
  },
};

/** The seeds' own pairs that every iteration is compared on; chosen by the run's seed. Those without an output are not. */
export function commonPairs(seeds: readonly SeedTask[], seed: number): Pair[] {
  const random = randomStream(deriveSeed(seed, 'evaluate', 'seeds'));
  const withOutput = seeds.filter((task) => task.output.trim() !== '');
  return sampleWithoutReplacement(withOutput, seedPairs, random).map(({ id, instruction, input, output }) => ({
    id,
    instruction,
    input,
    response: output,
  }));
}

/** The pairs of an iteration that it does not train on. */
export function heldOutPairs(run: RunData, iteration: number): Pair[] {
  return splitHeldOut(dataset(run.store, iteration), run.config.train.validation, run.config.seed, iteration).heldOut;
}

async function losses(run: RunContext, adapter: string | null, common: readonly Pair[], own: readonly Pair[]) {
  const model = await run.engines.model(adapter);
  const options = { signal: run.cancel };
  return {
    common: common.length === 0 ? [] : await pairLosses(common, model, options),
    own: own.length === 0 ? [] : await pairLosses(own, model, options),
  };
}

/** The base is the same in every iteration, so it is measured once a run. */
async function baseLosses(run: RunContext, common: readonly Pair[]): Promise<PairLoss[]> {
  const known = run.store.value(baseLossesKey) as PairLoss[] | undefined;
  if (known !== undefined) return known;
  const measured = (await losses(run, null, common, [])).common;
  run.store.setValue(baseLossesKey, measured);
  return measured;
}

function compared(base: readonly PairLoss[], adapter: readonly PairLoss[]): Comparison & { pairs: number } {
  return { pairs: base.length, ...compareLosses(base, adapter) };
}

function inWords({ seeds, heldOut, decidedBy }: EvaluateResult): string {
  const deciding = decidedBy === 'seeds' ? seeds : heldOut;
  if (deciding === null) return 'nothing is held out and no seed has an output, so base and adapter are not compared';
  const on = decidedBy === 'seeds' ? `${deciding.pairs} seed pairs` : `${deciding.pairs} held-out pairs`;
  return `loss on ${on}: base ${deciding.base.toFixed(3)}, adapter ${deciding.adapter.toFixed(3)}`;
}
