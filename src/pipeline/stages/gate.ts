// Stage gate in a run: M(t) against the base and against M(t-1), on the same items, and what follows from it. The base is
// measured once, in the first iteration.
import { hasGate } from '../../config/gate-schema.js';
import type { ItemResult, Metric } from '../../stages/evaluate/benchmark.js';
import { decide, type GateVerdict, isMeasured } from '../../stages/evaluate/gate/decide.js';
import type { PairLoss } from '../../stages/evaluate/losses.js';
import { compareResults, type MetricComparison } from '../../stages/evaluate/metrics.js';
import { type GatePart, gateSuite, type GateSuite } from '../gate-parts.js';
import { verdictsBefore, writerOf } from '../rollback.js';
import { adapterPath, type RunContext, type RunData } from '../run-context.js';
import { gateResults, gateRows, type GateResult, seedLosses } from '../stored-rows.js';
import { baseLossesKey } from './evaluate.js';
import { commitChunks, type StageWork } from './stage-work.js';

/** Items that are measured and committed together. */
const chunkSize = 64;

type Whose = 'base' | 'adapter';

export const gateStage: StageWork = {
  stage: 'gate',
  unit: 'items',
  values: () => [suiteKey],

  isWanted({ config }) {
    return hasGate(config.gate);
  },

  size(run, iteration) {
    const suite = storedSuite(run);
    const each = Object.values(suite?.counts ?? {}).reduce((sum, n) => sum + n, 0);
    const infos = run.store.chunkInfos(iteration, 'gate') as { items: number }[];
    return { total: iteration === 1 ? 2 * each : each, done: infos.reduce((sum, { items }) => sum + items, 0) };
  },

  async work(run, iteration) {
    const suite = await gateSuite(run, storedSuite(run));
    if (storedSuite(run) === undefined) run.store.setValue(suiteKey, suite.stored);
    await commitChunks(run, iteration, gateStage, measureChunks(run, iteration, suite.parts), (chunk) => ({
      info: { items: chunk.results.length },
      rows: gateRows(chunk.part.name, chunk.whose, chunk.results),
      done: chunk.done,
    }));
    const result = compareAll(run, iteration, suite);
    if (iteration === 1 && !isMeasured(result)) run.report({ kind: 'warning', message: noGate(suite.stored) });
    return { result, note: inWords(result.verdict) };
  },
};

function noGate({ leftOut }: GateSuite['stored']): string {
  const why = Object.entries(leftOut).map(([part, reason]) => ` (${part} ${reason})`);
  return `the gate has nothing to decide by${why.join('')}: this run goes on as without one; others have another gate.suite`;
}

/** What the run decided of its suite at the start. */
const suiteKey = 'gate-suite';

function storedSuite({ store }: RunData): GateSuite['stored'] | undefined {
  return store.value(suiteKey) as GateSuite['stored'] | undefined;
}

interface GateChunk {
  index: number;
  part: GatePart;
  whose: Whose;
  results: ItemResult[];
  done: number;
}

/** What is not committed yet, in a fixed order: the base where it was not measured, then the iteration's model. */
async function* measureChunks(
  run: RunContext,
  iteration: number,
  parts: readonly GatePart[],
): AsyncGenerator<GateChunk> {
  const models: Whose[] = iteration === 1 ? ['base', 'adapter'] : ['adapter'];
  const units = models.flatMap((whose) =>
    parts.flatMap((part) => slices(part.items).map((items) => ({ whose, part, items }))),
  );
  const committed = run.store.chunkInfos(iteration, 'gate').length;
  const itemsOf = (some: typeof units) => some.reduce((sum, { items }) => sum + items.length, 0);
  // How much there is, only the suite says, which the first iteration finds when it begins.
  const total = itemsOf(units);
  let done = itemsOf(units.slice(0, committed));
  for (const [index, { whose, part, items }] of units.entries()) {
    if (index < committed) continue;
    const before = done;
    // No tokens: some parts write and others do not, so that a rate over all of them would say nothing.
    const tell = (progress: { done: number }) => {
      const sum = { done: before + Math.min(progress.done, items.length), total, tokens: 0 };
      run.report({ kind: 'stage-progress', iteration, stage: 'gate', ...sum, doing: `${part.name}, ${whose}` });
    };
    const base = whose === 'base' ? null : gateResults(run.store, 1, part.name, 'base');
    const results = await part.measure(items, base, {
      model: await run.engines.model(whose === 'base' ? null : adapterPath(run.runDir, iteration)),
      openJudge: () => run.engines.model(null),
      call: { signal: run.cancel, onProgress: tell },
    });
    done += items.length;
    yield { index, part, whose, results, done };
  }
}

function slices<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / chunkSize);
  return Array.from({ length: count }, (_, i) => items.slice(i * chunkSize, (i + 1) * chunkSize));
}

function compareAll(run: RunContext, iteration: number, { parts, stored }: GateSuite): GateResult {
  const { store, config } = run;
  const metrics: Metric[] = [...parts.map(({ metric }) => metric), ...(hasLosses(run) ? [lossMetric] : [])];
  const resultsOf = (of: number): ItemResult[][] => [
    ...parts.map(({ name }) => gateResults(store, of === 0 ? 1 : of, name, of === 0 ? 'base' : 'adapter')),
    ...(hasLosses(run) ? [lossResults(of === 0 ? baseLosses(run) : seedLosses(store, of))] : []),
  ];
  const own = resultsOf(iteration);
  const against = (other: number): Record<string, MetricComparison> => {
    const others = resultsOf(other);
    // Each part has items of its own, so all of them are compared, and corrected, at once.
    return compareResults({ metrics }, own.flat(), others.flat());
  };
  const writer = writerOf(store, iteration);
  const againstBase = against(0);
  const againstWriter = writer === 0 ? null : against(writer);
  return {
    iteration,
    ...stored,
    units: Object.fromEntries(metrics.map(({ name, unit }) => [name, unit])),
    againstBase,
    againstWriter,
    verdict: decide({ againstBase, againstWriter }, verdictsBefore(store, iteration), config.gate),
  };
}

const lossMetric: Metric = {
  name: 'seed-loss',
  unit: 'nats',
  about: "loss on the seeds' own responses, a token",
  lowerIsBetter: true,
};

function hasLosses({ config, store }: RunData): boolean {
  return config.gate.suite.includes('seed-loss') && baseLosses({ store }).length > 0;
}

function baseLosses({ store }: Pick<RunData, 'store'>): PairLoss[] {
  return (store.value(baseLossesKey) ?? []) as PairLoss[];
}

function lossResults(losses: readonly PairLoss[]): ItemResult[] {
  return losses.map(({ id, loss, tokens }) => ({
    id: `seed ${id}`,
    shares: { [lossMetric.name]: { value: loss, weight: tokens } },
    details: {},
  }));
}

function inWords({ kept, gained, reasons }: GateVerdict): string {
  const what = !kept ? 'rolled back' : gained ? 'kept, the best so far' : 'kept';
  return `${what}: ${reasons.join('; ')}`;
}
