// A grammar (GBNF) of what parse-document-tasks.ts reads without leaving anything out: lines "Task: …" and, at most, the
// blank line at which the prompt's stop string ends the text.
import { neverText, ruleMarks, space } from './grammar.js';

/** The grammar of a completion. `opening`: what the prompt has already written, "" or "Task:". */
export function documentTaskGrammar(opening: string, maxTasks: number): string {
  const tasks = Array.from({ length: maxTasks }, (_, i) => {
    const next = i + 1 === maxTasks ? '' : ` | "\\nTask:" task-${i + 2}`;
    return `task-${i + 1} ::= task ("\\n\\n"${next})?`;
  });
  return [
    `root ::= ${opening === '' ? '"Task:" ' : ''}task-1`,
    ...tasks,
    `task ::= " " [^${ruleMarks}${neverText}${space}] [^${neverText}]*`,
    '',
  ].join('\n');
}
