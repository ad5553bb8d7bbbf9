// How an instruction and the sentences that ask for its constraints become one text.
import type { Constraint } from '../rows.js';
import { oneOf } from './draws.js';
import type { ConstraintFamily } from './family.js';

/** A constraint and the family that it is of. */
export interface Taken {
  family: ConstraintFamily;
  constraint: Constraint;
}

/** Where the sentences stand, as people write it: behind the task, on lines of their own, or in front; the first most often. */
const ownLinesShare = 0.15;
const inFrontShare = 0.15;

/** The instruction, asking for each of the constraints in one of its family's wordings. */
export function instructionWith(instruction: string, taken: readonly Taken[], random: () => number): string {
  const sentences = taken.map(({ family, constraint }) => oneWording(family, constraint, random));
  const task = asSentence(instruction);
  const place = random();
  if (place < ownLinesShare) return [task, ...sentences].join('\n');
  return place < ownLinesShare + inFrontShare ? [...sentences, task].join(' ') : [task, ...sentences].join(' ');
}

function oneWording(family: ConstraintFamily, { parameters }: Constraint, random: () => number): string {
  const [first = '', ...others] = family.wordings(parameters);
  return oneOf([first, ...others], random);
}

/** An instruction that other sentences can follow: with a full stop where it has no end, or a colon. */
export function asSentence(instruction: string): string {
  const text = instruction.trim().replace(/\s*:$/u, '');
  return /[.!?…]["'”’)\]]*$/u.test(text) ? text : `${text}.`;
}
