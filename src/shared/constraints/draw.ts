// Which constraints an instruction gets: drawn from a stream of its own, so that it gets the same whenever it is drawn again.
import { sampleWithoutReplacement } from '../random.js';
import type { Constraint } from '../rows.js';
import { type Task, userTurn } from '../task-prompt.js';
import { canCombine } from './combine.js';
import { numberBetween } from './draws.js';
import { constraintFamilies } from './families/index.js';
import type { ConstraintFamily, ConstraintGroup } from './family.js';
import { instructionWith, type Taken } from './instruction-text.js';

export interface DrawSettings {
  /** Share of the instructions that get constraints. */
  share: number;
  /** An instruction gets one to this many. */
  perInstruction: number;
  /** Names; all where absent. */
  families?: readonly string[] | undefined;
}

export interface Constrained {
  /** The instruction with the sentences that ask for the constraints. */
  instruction: string;
  constraints: Constraint[];
}

/** A task that speaks of such matters itself might contradict a constraint of the group, so it gets none. */
const spokenOf: Record<ConstraintGroup, RegExp> = {
  length: /\b(words?|sentences?|paragraphs?|lines?|characters?|brief(ly)?|short|long|detail(s|ed)?)\b/i,
  layout:
    /\b(lists?|tables?|json|csv|html|bullet(s|ed)?|points?|steps?|rows?|columns?|paragraphs?|sections?|headings?|poem|haiku|letter|e-?mail|code|program|function)\b/i,
  words: /\b(words?|spell(ing)?|code|program|function)\b/i,
  opening: /\b(start|begin|first|title|headline|heading|code|program|function)s?\b/i,
  closing: /\b(end|ending|finish|last|question|code|program|function)s?\b/i,
  case: /\b(upper-?case|lower-?case|capitals?|capitali[sz]ed?|letters?|spell(ing)?|code|program|function)\b/i,
  characters: /\b(commas?|punctuat\w*|digits?|letters?|code|program|function)\b/i,
};

/** Undefined where the task gets none: by the share, or where no family fits it. */
export function drawConstraints(task: Task, settings: DrawSettings, random: () => number): Constrained | undefined {
  if (random() >= settings.share) return undefined;
  const wanted = numberBetween(1, settings.perInstruction, random);
  const known = constraintFamilies.filter(({ name }) => settings.families?.includes(name) ?? true);
  const fitting = known.filter((family) => fits(family, task));
  const taken: Taken[] = [];
  for (const family of sampleWithoutReplacement(fitting, fitting.length, random)) {
    if (taken.length === wanted) break;
    if (!taken.every((other) => canCombine(other.family, family))) continue;
    const parameters = family.draw(random, task);
    if (parameters !== null) taken.push({ family, constraint: { family: family.name, parameters } });
  }
  if (taken.length === 0) return undefined;
  return {
    instruction: instructionWith(task.instruction, taken, random),
    constraints: taken.map(({ constraint }) => constraint),
  };
}

/** Whether the task does not speak of the family's matters itself. */
export function fits({ group }: ConstraintFamily, task: Task): boolean {
  return !spokenOf[group].test(userTurn(task));
}
