// The table of an ablation: a line for each variant and iteration, as cells of text.
import { probabilityText } from '../../shared/paired-test.js';
import { differenceText } from '../../shared/signed-text.js';
import type { AblationResult, Spread, VariantIteration } from './results.js';

/** The heading, then the lines. */
export function ablationTable({ rows, baseline }: AblationResult): string[][] {
  const head = [
    'variant',
    'iteration',
    'runs',
    'kept',
    'pairs',
    'words',
    'distinct-2',
    'held-out loss',
    'seed loss',
    `to "${baseline}"`,
    '95 % interval',
    'p',
    'better in',
  ];
  return [head, ...rows.map(line)];
}

/** Columns that hold numbers. */
export const numberColumns: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12];

function line(row: VariantIteration): string[] {
  return [
    row.variant,
    String(row.iteration),
    String(row.runs),
    spreadText(row.kept, percent),
    spreadText(row.pairs, whole),
    spreadText(row.responseWords, whole),
    spreadText(row.distinct2, (value) => value.toFixed(3)),
    spreadText(row.heldOutChange, signedPercent),
    spreadText(row.seedLossChange, signedPercent),
    ...comparisonCells(row.comparison),
  ];
}

function comparisonCells(comparison: VariantIteration['comparison']): string[] {
  if (comparison === null) return ['', '', '', ''];
  const { difference, low, high, correctedP, seedsBetter, seeds } = comparison;
  return [
    signed(difference),
    `${signed(low)} to ${signed(high)}`,
    probabilityText(correctedP),
    `${seedsBetter} of ${seeds} seeds`,
  ];
}

/** The mean, and over several seeds their deviation. */
function spreadText(spread: Spread, inWords: (value: number) => string): string {
  if (spread === null) return '–';
  const { mean, deviation, n } = spread;
  return n === 1 ? inWords(mean) : `${inWords(mean)} ± ${inWords(deviation).replace(/^\+/, '')}`;
}

const whole = (value: number) => value.toFixed(value < 10 ? 1 : 0);
const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
const signed = (value: number) => differenceText(value, (size) => size.toFixed(4));
const signedPercent = (value: number) => differenceText(value, percent);

/** What the columns mean, in sentences. */
export function tableNotes({ seeds, cells }: AblationResult): string[] {
  const gaveUp = cells.flatMap(({ variant, seed, gaveUp: why }) =>
    why === undefined ? [] : [`"${variant}" with seed ${seed} ended early: ${why}`],
  );
  const done = seeds.filter((seed) => cells.some((cell) => cell.seed === seed));
  const over = `${done.length} seed${done.length === 1 ? '' : 's'} (${done.join(', ')})`;
  return [
    `Means and sample deviations over ${over}. Losses: change of the adapter's to the base's, on the iteration's own held-out ` +
      'pairs and on the seed pairs.',
    'Differences to the baseline are nats a token on the seed pairs, each pair one item (mean over seeds); below 0 is better. ' +
      'p: sign-flip permutation test, corrected for all lines (Holm). It is about other items, not about other seeds: for those look at the spreads and the last column.',
    ...gaveUp,
  ];
}

/** The table as a Markdown page. */
export function markdownTable(result: AblationResult): string {
  const [head = [], ...lines] = ablationTable(result);
  const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const table = [row(head), row(head.map((_, i) => (numberColumns.includes(i) ? '---:' : '---'))), ...lines.map(row)];
  const title = result.description === '' ? [] : [result.description, ''];
  return [...title, ...table, '', ...tableNotes(result).map((note) => `- ${note}`), ''].join('\n');
}
