// What a family of checkable constraints is: something that a response can be asked for and that a program can verify
// (Dong et al., arXiv 2406.13542; Zhou et al., arXiv 2311.07911). Each stands in a file of families/.
import type { z } from 'zod';

import type { Task } from '../task-prompt.js';

/** An instruction gets one constraint of a group at most: two would contradict each other or say the same. */
export type ConstraintGroup = 'length' | 'layout' | 'words' | 'opening' | 'closing' | 'case' | 'characters';

export type Parameters = Readonly<Record<string, unknown>>;

/** A form that shows from the beginning of a response on. */
export interface BeginningForm {
  /** Tokens of a response in which it has shown. */
  readonly tokens: number;
  /** Whether it has an end too, which a beginning does not teach. */
  readonly hasEnd?: boolean;
  /** How often it is drawn, where others are drawn once: less often where few pairs teach it, and more make it come unasked; more often
   *  where no single token says it, and many are needed. */
  readonly weight?: number;
}

export interface ConstraintFamily {
  readonly name: string;
  readonly group: ConstraintGroup;
  /** What public benchmarks call a constraint that asks for much the same; null where none that we know has it. */
  readonly overlaps: string | null;
  /** Undefined where only a whole response shows the form. */
  readonly beginning: BeginningForm | undefined;
  /** Families of other groups that cannot always be met at the same time. Said in one of the two files. */
  readonly conflicts: readonly string[];
  /** The most words that it asks for at least. */
  readonly fewestWords: number;
  /** Where the parameters are none of this family's, what is wrong with them. */
  problem(parameters: Parameters): string | undefined;
  /** Parameters for this task; null where the family does not fit it. */
  draw(random: () => number, task: Task): Parameters | null;
  /** Parameters that say what a text has by itself, so that it meets them; null where it has nothing of the kind. */
  observe(text: string, random: () => number, task: Task): Parameters | null;
  /** Ways to ask for it: whole sentences. */
  wordings(parameters: Parameters): readonly string[];
  /** Whether a response, without white space around, meets it. */
  check(response: string, parameters: Parameters): boolean;
  /** Whether a program can make a text over so as to meet it. */
  readonly canImpose: boolean;
  /** The text made over where that can be done, and where not, the text itself. The check has the last word. */
  impose(text: string, parameters: Parameters, task: Task): string;
}

interface Definition<P> {
  name: string;
  group: ConstraintGroup;
  overlaps: string | null;
  beginning?: BeginningForm;
  conflicts?: readonly string[];
  fewestWords?: number;
  parameters: z.ZodType<P>;
  draw(random: () => number, task: Task): P | null;
  /** Left out where what is drawn says the same, or where nobody would ask for what a text happens to have. */
  observe?(text: string, random: () => number, task: Task): P | null;
  wordings(parameters: P): readonly string[];
  check(response: string, parameters: P): boolean;
  /** Left out where a program would have to invent something. */
  impose?(text: string, parameters: P, task: Task): string;
}

/** A family from its definition: parameters that come from rows are checked before they are used. */
export function defineFamily<P extends Parameters>(definition: Definition<P>): ConstraintFamily {
  const { name, group, overlaps, beginning, conflicts = [], fewestWords = 0, parameters: schema } = definition;
  return {
    ...{ name, group, overlaps, beginning, conflicts, fewestWords },
    problem: (parameters) => {
      const issue = schema.safeParse(parameters).error?.issues[0];
      return issue && [...issue.path, issue.message].join(': ');
    },
    draw: (random, task) => definition.draw(random, task),
    observe: (text, random, task) => definition.observe?.(text, random, task) ?? null,
    wordings: (parameters) => definition.wordings(schema.parse(parameters)),
    check: (response, parameters) => definition.check(response, schema.parse(parameters)),
    canImpose: definition.impose !== undefined,
    impose: (text, parameters, task) => definition.impose?.(text, schema.parse(parameters), task) ?? text,
  };
}
