// Demonstrations of constraints: seed tasks that ask for one, with outputs that meet it.
import type { SeedTask } from '../rows.js';
import { asSentence, fits, oneWording } from './draw.js';
import type { ConstraintFamily, Parameters } from './family.js';
import { fewestImposed } from './repair.js';
import { countWords } from './text.js';

/** The seed asking for a constraint of the family, and its output, made over where need be; undefined where the family does
 *  not fit the task, or the output cannot be made to meet it. */
export function constrainedSeed(seed: SeedTask, family: ConstraintFamily, random: () => number): SeedTask | undefined {
  if (seed.output === '' || !fits(family, seed)) return undefined;
  const parameters = family.draw(random, seed);
  if (parameters === null) return undefined;
  const text = seed.output.trim();
  const output = family.check(text, parameters) ? text : imposed(text, family, parameters, seed);
  if (!family.check(output, parameters)) return undefined;
  const wording = oneWording(family, { family: family.name, parameters }, random);
  return { ...seed, instruction: `${asSentence(seed.instruction)} ${wording}`, output };
}

function imposed(text: string, family: ConstraintFamily, parameters: Parameters, seed: SeedTask): string {
  return countWords(text) < fewestImposed ? text : family.impose(text, parameters, seed);
}
