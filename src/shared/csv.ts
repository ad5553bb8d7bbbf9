// Comma-separated values as RFC 4180 has them: fields may stand in double quotes, and then hold commas, line ends, and
// doubled quotes.
import { IsheepError } from './errors.js';
import { readText } from './read-file.js';

const listed = 20;

interface CsvRow {
  /** Of the file, from 1; the row's first. */
  line: number;
  fields?: string[];
}

/** What `toRow` makes of each row; it returns a text to say what is wrong with one. Throws `bad-input` that names all bad
 *  rows. */
export function readCsv<T extends object>(file: string, toRow: (fields: readonly string[]) => T | string): T[] {
  const read = parseCsv(readText(file)).map(({ line, fields }) => {
    const row = fields === undefined ? 'a quoted field has no end, or text behind its end' : toRow(fields);
    return typeof row === 'string' ? { problem: `${file}:${line}: ${row}` } : { row };
  });
  const problems = read.flatMap(({ problem }) => problem ?? []);
  if (problems.length === 0) return read.flatMap(({ row }) => row ?? []);
  const more = problems.length > listed ? `; and ${problems.length - listed} more` : '';
  throw new IsheepError('bad-input', `bad rows: ${problems.slice(0, listed).join('; ')}${more}`, {
    hint: 'each row must have the fields of its kind, in quotes where they hold commas',
  });
}

/** `fields` is undefined where a quoted field does not end as it should; nothing behind it is read. Blank lines are left out. */
export function parseCsv(text: string): CsvRow[] {
  const field = /(?:"((?:[^"]|"")*)"|([^",\n][^,\n]*|))(,|\n|$)/y;
  const rows: CsvRow[] = [];
  let line = 1;
  let row: { line: number; fields: string[] } = { line, fields: [] };
  for (let at = 0; at < text.length || row.fields.length > 0; at = field.lastIndex) {
    field.lastIndex = at;
    const match = field.exec(text);
    if (!match) return [...rows, { line: row.line }];
    const [whole, quoted, bare = '', end] = match;
    row.fields.push(quoted?.replaceAll('""', '"') ?? bare);
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    if (row.fields.length > 1 || whole.trim() !== '') rows.push(row);
    row = { line, fields: [] };
  }
  return rows;
}
