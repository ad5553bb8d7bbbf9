// Reads a person's own instructions: JSON Lines (also seed tasks and pairs, of which only the task is taken), or a .txt
// file with an instruction a line.
import path from 'node:path';

import { IsheepError } from '../../shared/errors.js';
import { readNumberedJsonLines } from '../../shared/jsonl.js';
import { readText } from '../../shared/read-file.js';
import { ownInstructionSchema } from '../../shared/row-schemas.js';

export interface OwnInstruction {
  instruction: string;
  /** Empty where the task needs none. */
  input: string;
  /** The row's id, or the number of its line where it has none. */
  own: string | number;
}

/** In file order. Throws `bad-input` with all bad lines, and where the file has no instruction at all. */
export function loadOwnInstructions(file: string): OwnInstruction[] {
  const instructions = path.extname(file).toLowerCase() === '.txt' ? readLines(file) : readRows(file);
  if (instructions.length > 0) return instructions;
  throw new IsheepError('bad-input', `${file} has no instruction`, {
    hint: 'each line is one JSON object with instruction, and input where there is one; of a .txt file, one instruction',
  });
}

function readRows(file: string): OwnInstruction[] {
  return readNumberedJsonLines(file, ownInstructionSchema).map(({ line, row }) => {
    const input = row.input ?? row.instances?.[0]?.input ?? '';
    return { instruction: row.instruction.trim(), input: input.trim() === '' ? '' : input, own: row.id ?? line };
  });
}

function readLines(file: string): OwnInstruction[] {
  const lines = readText(file).split('\n');
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [{ instruction: line.trim(), input: '', own: i + 1 }]));
}
