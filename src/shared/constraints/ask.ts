// Asks for constraints which a text that is there already meets, or can be made to meet.
import type { Constraint } from '../rows.js';
import type { Task } from '../task-prompt.js';
import { unmetConstraints } from './check.js';
import { canCombine } from './combine.js';
import { fits } from './draw.js';
import type { ConstraintFamily } from './family.js';
import { instructionWith, type Taken } from './instruction-text.js';
import { repaired } from './repair.js';

export interface Answered {
  task: Task;
  text: string;
}

export interface AskedFor {
  /** With the sentences that ask for the constraints. */
  instruction: string;
  constraints: Constraint[];
  /** Made over where it did not meet them. */
  text: string;
}

export interface AskOptions {
  /** How many constraints; fewer where no more fit. */
  count: number;
  /** In the order in which they are tried. The first is a must, the others are added as far as they fit. */
  families: readonly ConstraintFamily[];
  /** Whether the text may be made over. */
  repair: boolean;
  random: () => number;
}

/** How often a constraint is what the text has by itself: words that its task has not, its own number of sentences. */
const observedShare = 0.5;

/** A family's parameters are drawn so often at most until the text meets them. */
const draws = 5;

/** Undefined where the first family does not fit the task and the text. */
export function askFor(
  { task, text: whole }: Answered,
  { count, families, repair, random }: AskOptions,
): AskedFor | undefined {
  let text = whole.trim();
  const taken: Taken[] = [];
  for (const [i, family] of families.entries()) {
    if (taken.length === count) break;
    const isPossible = fits(family, task) && taken.every((other) => canCombine(other.family, family));
    const before = taken.map(({ constraint }) => constraint);
    const added = isPossible ? drawMet(family, before, { task, text }, { repair, random }) : undefined;
    if (added === undefined && i === 0) return undefined;
    if (added === undefined) continue;
    text = added.text;
    taken.push({ family, constraint: added.constraint });
  }
  const instruction = instructionWith(task.instruction, taken, random);
  return { instruction, constraints: taken.map(({ constraint }) => constraint), text };
}

function drawMet(
  family: ConstraintFamily,
  before: readonly Constraint[],
  { task, text }: Answered,
  { repair, random }: Pick<AskOptions, 'repair' | 'random'>,
): { constraint: Constraint; text: string } | undefined {
  const observed = random() < observedShare ? family.observe(text, random, task) : null;
  for (let draw = observed === null ? 1 : 0; draw <= draws; draw++) {
    const parameters = draw === 0 ? observed : family.draw(random, task);
    if (parameters === null) return undefined;
    const constraint = { family: family.name, parameters };
    const met = meeting(text, [...before, constraint], task, repair);
    if (met !== undefined) return { constraint, text: met };
  }
  return undefined;
}

function meeting(text: string, constraints: Constraint[], task: Task, repair: boolean): string | undefined {
  if (unmetConstraints(text, constraints).length === 0) return text;
  return repair ? repaired(text, constraints, task) : undefined;
}
