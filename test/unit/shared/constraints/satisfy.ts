// Writes a response that meets constraints drawn together: the proof that one exists.
import { countWords } from '../../../../src/shared/constraints/text.js';
import type { Constraint } from '../../../../src/shared/rows.js';

type Values = Record<string, Record<string, unknown> | undefined>;

const number = (values: Values, family: string, name: string, otherwise: number) =>
  Number(values[family]?.[name] ?? otherwise);
const text = (values: Values, family: string, name: string) => (values[family]?.[name] ?? '') as string;

export function satisfy(constraints: readonly Constraint[]): string {
  const values: Values = Object.fromEntries(constraints.map(({ family, parameters }) => [family, parameters]));
  const fewest = Math.max(number(values, 'words-at-least', 'words', 1), number(values, 'words-between', 'from', 1));
  let response = '';
  for (let extra = 0; countWords(response) < fewest; extra++) response = write(values, extra);
  if (values['in-quotes']) response = `"${response}"`;
  return values['upper-case'] ? response.toUpperCase() : response;
}

/** With `extra` words more than needed. */
function write(values: Values, extra: number): string {
  const words = ['sun', ...wantedWords(values), ...Array.from({ length: extra }, () => 'rain')].join(' ');
  if (values['json-object']) {
    const keys = values['json-object'].keys as string[];
    return JSON.stringify(Object.fromEntries(keys.map((key, i) => [key, i === 0 ? words : 'sun'])));
  }
  const title = titleOf(values);
  const opening = values['starts-with'] ? `${text(values, 'starts-with', 'text')} ` : '';
  return `${title}${opening}${layout(values, words)}`;
}

function titleOf(values: Values): string {
  if (values['title-line']) return '# sun\n';
  if (values['bracketed-title']) return '<<sun>>\n';
  return values['request-first'] ? `${text(values, 'request-first', 'request')}\n` : '';
}

function wantedWords(values: Values): string[] {
  const repeated = Array.from({ length: number(values, 'repeats-word', 'times', 0) }, () =>
    text(values, 'repeats-word', 'word'),
  );
  const bold = Array.from({ length: number(values, 'bold-phrases', 'times', 0) }, () => '**sun**');
  const places = Array.from({ length: number(values, 'placeholders', 'places', 0) }, () => '[sun]');
  const capitals = Array.from({ length: number(values, 'capital-words', 'times', 0) }, () => 'SUN');
  const wanted = (values['contains-words']?.words ?? []) as string[];
  return [...wanted, ...repeated, ...bold, ...places, ...capitals].filter((word) => word !== '');
}

function closingOf(values: Values): string {
  if (values['ends-with-question']) return 'sun?';
  if (values.postscript) return 'p.s. sun';
  return values['ends-with'] ? text(values, 'ends-with', 'text') : '';
}

/** One sentence of the words, and what the layout needs; the closing at the end. */
function layout(values: Values, words: string): string {
  const closing = closingOf(values);
  const lines = (n: number, line: (i: number) => string) => Array.from({ length: n }, (_, i) => line(i));
  if (values['sentence-count']) {
    const n = number(values, 'sentence-count', 'sentences', 1);
    const end = closing === '' ? '.' : '?';
    return lines(n, (i) => `${i === 0 ? words : 'sun'}${i === n - 1 ? end : '.'}`).join(' ');
  }
  const separate = (separator: string, parts: readonly string[]) => parts.filter((part) => part !== '').join(separator);
  if (values['paragraph-count']) {
    const n = number(values, 'paragraph-count', 'paragraphs', 1);
    const divider = text(values, 'paragraph-count', 'divider');
    const blocks = lines(n, (i) => (i === 0 ? `${words}.` : separate(' ', ['sun.', i === n - 1 ? closing : ''])));
    return blocks.join(divider === '' ? '\n\n' : `\n${divider}\n`);
  }
  const body: string[] = [`${words}.`];
  if (values['bullet-list']) body.push(...lines(number(values, 'bullet-list', 'items', 1), () => '- sun'));
  if (values['numbered-list']) body.push(...lines(number(values, 'numbered-list', 'items', 1), (i) => `${i + 1}. sun`));
  if (values.headings) body.push(...lines(number(values, 'headings', 'headings', 1), () => '## sun'));
  if (values['numbered-sections']) {
    const name = text(values, 'numbered-sections', 'name');
    body.push(...lines(number(values, 'numbered-sections', 'sections', 1), (i) => `${name} ${i + 1}`));
  }
  if (values['two-parts']) body.push(text(values, 'two-parts', 'separator'), 'sun.');
  if (values['markdown-table']) {
    const row = (cell: string) => `|${` ${cell} |`.repeat(number(values, 'markdown-table', 'columns', 2))}`;
    body.push(row('sun'), row('---'), row('sun'));
  }
  return separate(values['one-line'] ? ' ' : '\n', [...body, closing]);
}
