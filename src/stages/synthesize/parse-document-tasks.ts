// Reads the tasks that a model wrote on a passage, after the prompt of document-prompts.ts. As parse-tasks.ts, it never guesses:
// a piece that is not one task on the passage is counted with a reason.

/** Why a piece is not a task: nothing behind the label; text after a blank line that no label announces; the text ended
 *  within it; it brings another text; it is a piece of the passage. Or the whole text has no task. */
export type DocumentUnparsedReason =
  'no-instruction' | 'stray-text' | 'unfinished' | 'other-input' | 'copied-passage' | 'no-task';

export interface ParsedDocumentTasks {
  /** `number`: its place among the tasks of the text, counted from 1. */
  tasks: { number: number; instruction: string }[];
  unparsed: DocumentUnparsedReason[];
}

const header = /^[^\S\n]*Task(?: \d{1,9})?:/gm;
/** The next text of the list, which is no part of a task any more. */
const nextText = /^[^\S\n]*Text(?: \d{1,9})?:/im;
/** What was not asked for and some models write all the same: it ends the task. */
const furtherField = /\n[^\S\n]*(Output|Answer|Response|Solution):/i;
const otherInput = /\n[^\S\n]*Input:/i;
const onlyMarks = /^[-=*_#`]*$/;

/** `text`: from the first "Task:" on. `complete`: it ended by itself or at a stop string, not at its length; without it the
 *  last task may be unfinished and is dropped. */
export function parseDocumentTasks(text: string, passage: string, complete: boolean): ParsedDocumentTasks {
  const parsed: ParsedDocumentTasks = { tasks: [], unparsed: [] };
  const next = nextText.exec(text);
  const ofPassage = text.slice(0, next?.index);
  const headers = [...ofPassage.matchAll(header)];
  if (headers.length === 0) parsed.unparsed.push('no-task');
  headers.forEach((match, i) => {
    const end = headers[i + 1]?.index;
    const isCut = end === undefined && next === null && !complete;
    const piece = isCut ? 'unfinished' : parsePiece(ofPassage.slice(match.index + match[0].length, end), passage);
    if (typeof piece === 'string') parsed.unparsed.push(piece);
    else parsed.tasks.push({ number: i + 1, ...piece });
  });
  return parsed;
}

function parsePiece(piece: string, passage: string): { instruction: string } | DocumentUnparsedReason {
  const task = piece.split(furtherField)[0] ?? '';
  if (otherInput.test(task)) return 'other-input';
  const [first = '', ...rest] = task.trim().split(/\n\s*\n/);
  const instruction = oneLine(first);
  if (onlyMarks.test(instruction)) return 'no-instruction';
  if (rest.length > 0) return 'stray-text';
  return oneLine(passage).includes(instruction) ? 'copied-passage' : { instruction };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
