// Settings that speak of lists of tasks which go on from seeds, one way of writing instructions (synthesize.method).
import type { Config } from './schema.js';

type Settings = Pick<Config, 'quirks' | 'synthesize'>;

/** Keys of those that are set and say which seeds are shown, how, and how the list is read. */
export function givenSeedSettings({ quirks, synthesize }: Settings): string[] {
  return keysOf({
    'synthesize.demonstrationsBy': synthesize.demonstrationsBy !== 'uniform',
    'synthesize.showOutputs': synthesize.showOutputs,
    'synthesize.reusePenalty': synthesize.reusePenalty > 0,
    'synthesize.topics': synthesize.topics !== 'off',
    'quirks.stop17': quirks.stop17,
    'quirks.dropLastTask': quirks.dropLastTask,
  });
}

/** Keys of those that are set and say what form the model is asked for, which tasks on documents have, too. */
export function givenFormSettings({ synthesize }: Settings): string[] {
  return keysOf({
    'synthesize.form': synthesize.form !== 'raw',
    'synthesize.constrained': synthesize.constrained,
  });
}

function keysOf(isSet: Readonly<Record<string, boolean>>): string[] {
  return Object.keys(isSet).filter((key) => isSet[key]);
}
