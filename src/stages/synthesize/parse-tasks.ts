// Reads the tasks that a model wrote after the meta-prompt of prompts.ts. Knows no models and no rules of taste: a piece
// of text that is not one task in the list's form is counted with a reason and never guessed at.

export interface ParsedTask {
  /** The number that the model gave it. */
  number: number;
  /** What it says that it is about, in a list with topics. */
  topic?: string;
  instruction: string;
  /** Empty where the task needs none. */
  input: string;
}

/** Why a piece is not a task: nothing between the labels; the label "Input:" more than once; text after a blank line that
 *  no label announces; the text ended within it; it is the last one, which `quirks.dropLastTask` drops. Or the whole text
 *  has no task. */
export const unparsedReasons = [
  'no-instruction',
  'several-inputs',
  'stray-text',
  'unfinished',
  'last-task',
  'no-task',
] as const;
export type UnparsedReason = (typeof unparsedReasons)[number];

export interface ParsedTasks {
  tasks: ParsedTask[];
  unparsed: UnparsedReason[];
}

const header = /^[^\S\n]*Task (\d{1,9}):/gm;
/** What stands before the instruction in a list with topics; a small model often leaves out both labels again. */
const topicLabels = /^\s*(?:Topic:[^\S\n]*([^\n]*)\n\s*)?Instructions?:/i;
const topicAlone = /^\s*Topic:/i;
const inputLabel = /^[^\S\n]*Input:/gim;
/** What the list does not ask for and some models write all the same: it ends the task. */
const furtherField = /^[^\S\n]*(Output|Answer|Response|Solution):/im;
/** Ways to say that there is no input. */
const noInput = /^[<(["'*]*(none|no|no ?input|not applicable|n\/a|nothing|empty|null|-+)[>)\]"'*]*\.?$/i;
/** Lines that only separate. */
const rule = /^[^\S\n]*([-=*_#]{2,}|```)[^\S\n]*$/gm;

/** What is to be known of a text beside its words. */
export interface ListForm {
  /** The text ended by itself or at a stop string, not at its length; without it the last task may be unfinished and is
   *  dropped. */
  complete: boolean;
  /** Tasks have outputs: one that is cut within its output has an instruction and an input that are whole. */
  hasOutputs?: boolean;
  /** Tasks begin with "Topic:" and "Instruction:". */
  hasTopics?: boolean;
  /** The last task is dropped, also where it is whole. */
  dropLast?: boolean;
}

/** `text`: the list, from its first "Task N:" on. */
export function parseTasks(
  text: string,
  { complete, hasOutputs = false, hasTopics = false, dropLast = false }: ListForm,
): ParsedTasks {
  const headers = [...text.matchAll(header)];
  const parsed: ParsedTasks = { tasks: [], unparsed: headers.length === 0 ? ['no-task'] : [] };
  headers.forEach((match, i) => {
    const next = headers[i + 1];
    const written = text.slice(match.index + match[0].length, next?.index);
    const isWhole = next !== undefined || complete || (hasOutputs && furtherField.test(written));
    const piece = !isWhole
      ? 'unfinished'
      : next === undefined && dropLast
        ? 'last-task'
        : parsePiece(written, hasTopics);
    if (typeof piece === 'string') parsed.unparsed.push(piece);
    else parsed.tasks.push({ number: Number(match[1]), ...piece });
  });
  return parsed;
}

function parsePiece(piece: string, hasTopics: boolean): Omit<ParsedTask, 'number'> | UnparsedReason {
  const task = (piece.split(furtherField)[0] ?? '').replace(rule, '');
  const labels = hasTopics ? topicLabels.exec(task) : null;
  if (labels === null) return hasTopics && topicAlone.test(task) ? 'no-instruction' : parseFields(task);
  const fields = parseFields(task.slice(labels[0].length));
  const topic = labels[1]?.trim() ?? '';
  return typeof fields === 'string' || topic === '' ? fields : { topic, ...fields };
}

function parseFields(task: string): { instruction: string; input: string } | UnparsedReason {
  const [beforeInput = '', afterInput = '', ...more] = task.split(inputLabel);
  if (more.length > 0) return 'several-inputs';
  const [instruction = '', ...rest] = paragraphs(beforeInput);
  if (instruction === '') return 'no-instruction';
  if (rest.length > 0) return 'stray-text';
  return { instruction: instruction.replace(/\s+/g, ' '), input: readInput(afterInput) };
}

/** Where the first paragraph says that there is no input, what follows is not one. */
function readInput(text: string): string {
  const [first = ''] = paragraphs(text);
  return noInput.test(first) ? '' : text.trim();
}

function paragraphs(text: string): string[] {
  return text.trim().split(/\n\s*\n/);
}
