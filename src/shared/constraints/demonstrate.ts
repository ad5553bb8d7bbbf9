// Demonstrations of constraints: seed tasks that ask for one, with outputs that meet it.
import type { SeedTask } from '../rows.js';
import { askFor } from './ask.js';
import type { ConstraintFamily } from './family.js';

/** The seed asking for a constraint of the family, and its output, made over where need be; undefined where the family does
 *  not fit the task, or the output cannot be made to meet it. */
export function constrainedSeed(seed: SeedTask, family: ConstraintFamily, random: () => number): SeedTask | undefined {
  if (seed.output === '') return undefined;
  const asked = askFor({ task: seed, text: seed.output }, { count: 1, families: [family], repair: true, random });
  return asked && { ...seed, instruction: asked.instruction, output: asked.text };
}
