// Makes a response meet the constraints of its instruction where a program can.
import type { Constraint } from '../rows.js';
import type { Task } from '../task-prompt.js';
import { constraintFamily, unmetConstraints } from './check.js';
import { countWords } from './text.js';

/** Words of a text below which parts of it would be odd. */
const fewestImposed = 12;

/** The response made over by those constraints that it does not meet, one after the other; undefined where it still does not
 *  meet all of them then. */
export function repaired(response: string, constraints: readonly Constraint[], task: Task): string | undefined {
  if (countWords(response) < fewestImposed) return undefined;
  let text = response;
  for (const { family, parameters } of unmetConstraints(response, constraints)) {
    text = constraintFamily(family)?.impose(text, parameters, task) ?? text;
  }
  return unmetConstraints(text, constraints).length === 0 ? text : undefined;
}
