// Reads right answers that the official files have apart from their items: one a line, in the items' order.
import { IsheepError } from '../../shared/errors.js';
import { readText } from '../../shared/read-file.js';

const listed = 20;

/** Throws `bad-input` that names every line that is none, or says that there are not as many as items. */
export function readLabels(file: string, items: number, parse: (line: string) => number | undefined): number[] {
  const lines = readText(file).trimEnd().split('\n');
  const labels = lines.map((line) => parse(line.trim()));
  const bad = labels.flatMap((label, i) =>
    label === undefined ? [`${file}:${i + 1}: ${JSON.stringify(lines[i])}`] : [],
  );
  if (bad.length > 0) {
    const more = bad.length > listed ? `; and ${bad.length - listed} more` : '';
    throw new IsheepError('bad-input', `no labels: ${bad.slice(0, listed).join('; ')}${more}`, {
      hint: 'each line must be the label of one item',
    });
  }
  if (labels.length === items) return labels as number[];
  throw new IsheepError('bad-input', `${file} has ${labels.length} labels and there are ${items} items`, {
    hint: 'give the labels that belong to the data file',
  });
}
