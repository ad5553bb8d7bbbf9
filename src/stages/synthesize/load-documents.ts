// Reads the documents that tasks are drawn from, as passages.
import path from 'node:path';

import { IsheepError } from '../../shared/errors.js';
import { readJsonLines } from '../../shared/jsonl.js';
import { readText } from '../../shared/read-file.js';
import { documentSchema } from '../../shared/row-schemas.js';
import { splitPassages } from './split-passages.js';

export interface Passage {
  /** Name of its file, without folders: another place makes no other run. */
  file: string;
  /** Counted from 1 within the file. */
  number: number;
  text: string;
}

/** Passages of a file, in order. Throws `bad-input` where it cannot be read or has none. */
export function loadPassages(file: string): Passage[] {
  const name = path.basename(file);
  const passages = texts(file).flatMap(({ text, isMarkdown }) => splitPassages(text, isMarkdown));
  if (passages.length > 0) return passages.map((text, i) => ({ file: name, number: i + 1, text }));
  throw new IsheepError('bad-input', `${file} has no passage of 20 words or more`, {
    hint: 'documents are plain text, Markdown, or JSON Lines with text (.jsonl)',
  });
}

function texts(file: string): { text: string; isMarkdown: boolean }[] {
  const extension = path.extname(file).toLowerCase();
  if (extension === '.jsonl')
    return readJsonLines(file, documentSchema).map(({ text }) => ({ text, isMarkdown: false }));
  return [{ text: readText(file), isMarkdown: extension === '.md' || extension === '.markdown' }];
}
