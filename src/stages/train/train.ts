// Stage train: turns a dataset into a job of the trainer. How training works is the engine's business.
import type { Config } from '../../config/schema.js';
import type { Trainer, TrainEvent, TrainingExample, TrainJob, TrainSummary } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';
import { deriveSeed } from '../../shared/random.js';
import type { Pair } from '../../shared/rows.js';
import { defaultJoiner, type InputJoiner, taskMessages } from '../../shared/task-prompt.js';

type JobPlaces = Pick<
  TrainJob,
  'adapterPath' | 'metadata' | 'initAdapterPath' | 'checkpointDir' | 'checkpointSeconds' | 'signal'
>;

export interface TrainInput extends JobPlaces {
  /** In training order. */
  dataset: readonly Pair[];
  iteration: number;
  /** The run's seed. */
  seed: number;
  settings: Config['train'];
  /** Whether the model is a base, whose chat template is given to it; for the usual learning rate. */
  isBase?: boolean | undefined;
}

export interface Split {
  training: Pair[];
  heldOut: Pair[];
}

/** Peaks of the learning rate where none is set (docs/decisions.md): few tokens of a pair bear more than whole responses do, and
 *  a model that was tuned before more than a base. */
const learningRates = { inPart: 1.5e-3, inPartOfBase: 6e-4, whole: 3e-4 };

/** A dataset under this is trained on whole: a held-out pair would say little and cost much. */
const fewestToSplit = 10;

/** Yields the trainer's events. Throws `nothing-usable` for an empty dataset. */
export function train(input: TrainInput, trainer: Trainer): AsyncGenerator<TrainEvent, TrainSummary> {
  return trainer.train(trainJob(input));
}

/** Which pairs are held out: by the seed and the ids alone, and of this iteration's own, which no earlier adapter was trained
 *  on. What was made of a pair in hindsight is on its side. Both parts keep the dataset's order. */
export function splitHeldOut(dataset: readonly Pair[], share: number, seed: number, iteration: number): Split {
  const own = dataset.filter((pair) => pair.iteration === undefined && originOf(pair) === pair.id);
  if (share === 0 || own.length < fewestToSplit) return { training: [...dataset], heldOut: [] };
  const count = Math.max(1, Math.round(own.length * share));
  const drawn = own.map(({ id }) => ({ id, draw: deriveSeed(seed, 'train', iteration, 'held-out', id) }));
  drawn.sort((a, b) => a.draw - b.draw || (a.id < b.id ? -1 : 1));
  const ids = new Set(drawn.slice(0, count).map(({ id }) => id));
  return {
    training: dataset.filter((pair) => !ids.has(originOf(pair))),
    heldOut: dataset.filter((pair) => ids.has(originOf(pair))),
  };
}

/** The id of the pair that it is, or is made of. */
function originOf({ id, source }: Pair): string {
  return typeof source?.hindsightOf === 'string' ? source.hindsightOf : id;
}

function trainJob({ dataset, iteration, seed, settings, isBase, ...places }: TrainInput): TrainJob {
  if (dataset.length === 0) {
    throw new IsheepError('nothing-usable', 'there is no pair to train on', {
      hint: 'see which filter or which rule of select dropped them; more instructions or a larger select.share help',
    });
  }
  return { ...places, ...trainingData({ dataset, iteration, seed, settings, isBase }) };
}

/** What the trainer gets of a dataset: the examples, those held out, and its settings. */
export function trainingData({
  dataset,
  iteration,
  seed,
  settings: { validation, startFrom, ...trainerSettings },
  isBase,
}: Pick<TrainInput, 'dataset' | 'iteration' | 'seed' | 'settings' | 'isBase'>): Pick<
  TrainJob,
  'examples' | 'heldOut' | 'settings'
> {
  const { training, heldOut } = splitHeldOut(dataset, validation, seed, iteration);
  return {
    examples: training.map(trainingExample),
    heldOut: heldOut.map(trainingExample),
    settings: {
      ...trainerSettings,
      learningRate: trainerSettings.learningRate ?? usualLearningRate(training, isBase),
      seed: deriveSeed(seed, 'train', iteration),
    },
  };
}

/** By what most pairs are trained on: all of their response, or a part. */
function usualLearningRate(training: readonly Pair[], isBase = false): number {
  const inPart = training.filter(({ trainedTokens }) => trainedTokens !== undefined).length;
  if (2 * inPart <= training.length) return learningRates.whole;
  return isBase ? learningRates.inPartOfBase : learningRates.inPart;
}

/** What an adapter says of how its tasks were joined, where that is not what everyone expects. */
export function joinerMetadata(joiner: InputJoiner): Record<string, string> {
  return joiner === defaultJoiner ? {} : { 'isheep.input-joiner': joiner };
}

/** A pair as the trainer takes it. */
export function trainingExample(pair: Pair): TrainingExample {
  const { id, response, trainedTokens, weight } = pair;
  return {
    ...{ id, messages: taskMessages(pair), response },
    ...(trainedTokens !== undefined && { trainedTokens }),
    ...(weight !== undefined && { weight }),
  };
}
