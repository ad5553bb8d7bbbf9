// What a training sees of a dataset: the samples token by token, and the counts.
import type { SampleCounts } from '../engine/engine.js';
import type { ExampleTokenizer } from '../engine/engine-factory.js';
import { StepPlan } from '../engine/step-plan.js';
import { refuseNothing, tokenizeExamples, type Sample } from '../engine/training-data.js';
import { trainingData, type TrainInput } from '../stages/train/train.js';

export interface ShownSample {
  id: string;
  tokens: number[];
  /** Text of each token. */
  pieces: string[];
  /** Tokens from the front that are context; the others are trained on. */
  context: number;
  /** Tokens of the response that were cut off at the maximum length. */
  cutTokens: number;
}

export interface ShownTraining {
  training: SampleCounts;
  heldOut: SampleCounts;
  /** Optimizer steps, before an early stop. */
  steps: number;
  /** The first of those that are trained on, in the dataset's order. */
  samples: ShownSample[];
}

/** Throws what the training itself would throw of the data: `bad-input`, `nothing-usable`. */
export function showSamples(
  input: Pick<TrainInput, 'dataset' | 'iteration' | 'seed' | 'settings'>,
  tokenizer: ExampleTokenizer,
  limit: number,
): ShownTraining {
  const { examples, heldOut: held, settings } = trainingData(input);
  const tokenize = tokenizer.exampleTokens.bind(tokenizer);
  const training = tokenizeExamples(examples, tokenize, settings.maxLength);
  const heldOut = tokenizeExamples(held, tokenize, settings.maxLength);
  refuseNothing(training.counts, examples.length, settings.maxLength);
  const lengths = training.samples.map(({ tokens }) => tokens.length);
  return {
    training: training.counts,
    heldOut: heldOut.counts,
    steps: new StepPlan(lengths, settings).total,
    samples: training.samples.slice(0, limit).map((sample) => shown(sample, tokenizer)),
  };
}

function shown({ id, tokens, context, cutTokens }: Sample, tokenizer: ExampleTokenizer): ShownSample {
  return { id, tokens: [...tokens], pieces: tokenizer.pieces(tokens), context, cutTokens };
}
