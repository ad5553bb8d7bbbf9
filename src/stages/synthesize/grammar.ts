// A grammar (GBNF) of the lists that parse-tasks.ts reads without leaving anything out: "Task N:", an instruction of one
// line, "Input:" and lines without a blank one between, where outputs are shown "Output:" and any lines, then the next
// number; with topics "Topic:" and its line before "Instruction:". Follows the parser: what it takes for a label is never the beginning of a line.
import type { Config } from '../../config/schema.js';

/** Labels as the parser knows them, each character as the class of those it may be. */
const labels = ['Input:', 'Output:', 'Answer:', 'Response:', 'Solution:'].map((label) =>
  Array.from(label, (letter) => (letter === ':' ? ':' : `${letter.toUpperCase()}${letter.toLowerCase()}`)),
);
/** Of another task's header, which the parser knows in this spelling alone. */
const header = [...Array.from('Task '), '0-9'];

/** No text of a task has these: line ends of any kind, and control characters but the tab. */
export const neverText = String.raw`\x01-\x08\x0A-\x1F\x7F\u0085\u2028\u2029`;
/** White space of any kind, which a line may not begin with but for blanks and tabs. */
export const space = String.raw`\t \u00A0\u1680\u2000-\u200A\u202F\u205F\u3000\uFEFF`;
/** What a line that only separates begins with; an instruction of these alone is none. */
export const ruleMarks = '=*_#`\\-';

/** The grammar of a completion. `opening`: what the prompt has already written of the list, "" or all before the first
 *  instruction. */
export function taskListGrammar(
  opening: string,
  firstNumber: number,
  { maxTasks, showOutputs }: Pick<Config['synthesize'], 'maxTasks' | 'showOutputs'>,
  hasTopics = false,
): string {
  const last = firstNumber + maxTasks - 1;
  const topic = hasTopics ? ' topic' : '';
  const numbered = Array.from({ length: maxTasks }, (_, i) => {
    const number = firstNumber + i;
    const next = number === last ? '' : ` task-${number + 1}`;
    return String.raw`task-${number} ::= task ("\n\nTask ${number + 1}:"${topic}${next})?`;
  });
  const start = opening === '' ? `"Task ${firstNumber}:"${topic} ` : '';
  const beginnings = [...labels, header].map((words, i) => ({ words, name: `label-${i}` }));
  const firsts = beginnings.map(({ words }) => words[0] ?? '').join('');
  return [
    `root ::= ${start}task-${firstNumber}`,
    ...numbered,
    ...(hasTopics ? [String.raw`topic ::= "\nTopic: " [^${neverText}${space}] text? "\nInstruction:"`] : []),
    `task ::= " " instruction ${field('Input')} ("\\n" line)*${showOutputs ? ` ${field('Output')} ("\\n" line?)*` : ''}`,
    `instruction ::= [^${firsts}${ruleMarks}${neverText}${space}] text? | labelled`,
    String.raw`line ::= [ \t]* ([^${firsts}${neverText}${space}] text? | labelled)`,
    `text ::= [^${neverText}]+`,
    `labelled ::= ${beginnings.map(({ words, name }) => `[${words[0]}] ${name}-1`).join(' | ')}`,
    ...beginnings.flatMap(({ words, name }) => unlike(words, name)),
    '',
  ].join('\n');
}

/** A label and the first line of its text. */
function field(label: string): string {
  return String.raw`"\n${label}:" (" " text | "\n" line)`;
}

/** Rules for what follows the first character of a label, so that the whole label is never written. */
function unlike(words: readonly string[], name: string): string[] {
  return words.slice(1).map((word, i) => {
    const goesOn = i + 2 < words.length ? ` | [${word}] ${name}-${i + 2}` : '';
    return `${name}-${i + 1} ::= ([^${word}${neverText}] text?${goesOn})?`;
  });
}
