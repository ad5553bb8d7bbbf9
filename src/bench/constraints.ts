// How often a model meets each family of constraints, at its first attempt and within four: what constraints.attempts is worth.
import { constraintsSchema } from '../config/constraints-schema.js';
import { respondSchema } from '../config/schema.js';
import { loadModel } from '../engine/model.js';
import { unmetConstraints } from '../shared/constraints/check.js';
import { drawConstraints } from '../shared/constraints/draw.js';
import { constraintFamilies } from '../shared/constraints/families/index.js';
import { randomStream } from '../shared/random.js';
import type { Candidate, Pair } from '../shared/rows.js';
import { respond } from '../stages/respond/respond.js';
import { loadSeeds } from '../shared/load-seeds.js';
import { type Figure, figure } from './figure.js';
import type { BenchmarkSettings } from './options.js';

export async function* benchConstraints(bench: BenchmarkSettings): AsyncGenerator<Figure> {
  const { model: path, threads, device } = bench;
  const model = await loadModel({ path, threads, device });
  const all: Pair[] = [];
  for (const { name } of constraintFamilies) {
    const pairs = await answer(name, bench, model);
    all.push(...pairs);
    yield* rates(name, pairs);
  }
  yield* rates('all families', all);
  await model.dispose();
}

/** Responses to the first seeds that the family fits, each of them constrained by it alone. */
async function answer(family: string, bench: BenchmarkSettings, model: Parameters<typeof respond>[1]): Promise<Pair[]> {
  const { limit, maxTokens, temperature, topP, minP } = bench;
  const constraints = constraintsSchema.parse({ share: 1, families: [family] });
  const fitting = loadSeeds().filter((task) => drawConstraints(task, constraints, randomStream(1)) !== undefined);
  const candidates = fitting.slice(0, limit).map((task): Candidate => ({ ...task, verdicts: [] }));
  const settings = respondSchema.parse({ maxTokens, temperature, topP, minP, chunk: limit });
  const how = {
    iteration: 1,
    seed: 1,
    inputJoiner: 'newline',
    gluedInput: false,
    seeds: [],
    isBase: true,
    isTemplateGiven: false,
    firstChunk: 0,
  } as const;
  for await (const { pairs } of respond({ ...how, candidates, settings, constraints }, model)) return pairs;
  return [];
}

function* rates(name: string, pairs: readonly Pair[]): Generator<Figure> {
  const met = pairs.filter(({ response, constraints = [] }) => unmetConstraints(response, constraints).length === 0);
  const metAtFirst = met.filter(({ source }) => source?.attempts === 1);
  yield figure(
    'constraints',
    `${name}, of ${pairs.length} responses: met at the first attempt`,
    metAtFirst.length,
    'responses',
  );
  yield figure('constraints', `${name}, of ${pairs.length} responses: met within four`, met.length, 'responses');
}
