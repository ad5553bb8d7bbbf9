// Reads the files of an evaluation as texts, whatever their fields are called: a benchmark's own file is taken as it is. Of
// JSON and JSON Lines every string is a text; of any other file every line, and every paragraph across its lines.
import { readFileSync } from 'node:fs';

import { IsheepError } from '../../shared/errors.js';
import { whyUnreadable } from '../../shared/read-file.js';
import { fewestWords } from './evaluation-index.js';
import { plainWords } from '../../shared/words.js';

/** Bad lines of a file that an error lists; of more, only the number is told. */
const listedLines = 5;

/** All texts, in the order of the files. Throws `bad-input` that names every problem of every file. */
export function loadEvaluationTexts(files: readonly string[]): string[] {
  const problems: string[] = [];
  const texts = files.flatMap((file) => {
    const read = readTexts(file);
    problems.push(...read.problems.map((problem) => `${file}${problem}`));
    return read.texts;
  });
  if (problems.length === 0) return texts;
  throw new IsheepError('bad-input', problems.join('\n'), {
    hint: 'an evaluation file is JSON (.json), JSON Lines (.jsonl) or plain text, in UTF-8 and unpacked',
  });
}

/** Problems begin with what follows the name of the file: ":7: …" for a line, ": …" for the whole. */
interface ReadTexts {
  texts: string[];
  problems: string[];
}

function readTexts(file: string): ReadTexts {
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? 'not valid UTF-8' : whyUnreadable(error);
    return { texts: [], problems: [`: ${why}`] };
  }
  const read = readContent(file, content);
  const isEmpty = !read.texts.some((text) => plainWords(text).length >= fewestWords);
  if (read.problems.length > 0 || !isEmpty) return read;
  return { texts: [], problems: [`: no text of at least ${fewestWords} words, so nothing to look for`] };
}

function readContent(file: string, content: string): ReadTexts {
  if (/\.(jsonl|ndjson)$/i.test(file)) return jsonLineTexts(content);
  if (/\.json$/i.test(file)) return jsonTexts(content, '');
  const lines = content.split(/\r?\n/);
  return { texts: [...lines, ...content.split(/\r?\n\s*\n/)], problems: [] };
}

function jsonLineTexts(content: string): ReadTexts {
  const lines = content.split('\n').map((line, i) => (line.trim() === '' ? undefined : jsonTexts(line, `:${i + 1}`)));
  const texts = lines.flatMap((line) => line?.texts ?? []);
  const problems = lines.flatMap((line) => line?.problems ?? []);
  const more = problems.length - listedLines;
  return { texts, problems: more > 0 ? [...problems.slice(0, listedLines), `: and ${more} more bad lines`] : problems };
}

function jsonTexts(content: string, place: string): ReadTexts {
  try {
    return { texts: stringsOf(JSON.parse(content)), problems: [] };
  } catch (error) {
    return { texts: [], problems: [`${place}: not valid JSON: ${(error as Error).message}`] };
  }
}

/** All string values, at any depth; the names of fields are not texts. */
function stringsOf(value: unknown): string[] {
  const strings: string[] = [];
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string') strings.push(next);
    else if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) left.push(inner);
  }
  return strings;
}
