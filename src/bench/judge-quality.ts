// What a model's judgement is worth: every scorer against every kind of spoilt pair. The area under the ROC curve is how
// often a good pair scores above a bad one of any task, paired accuracy how often above its own spoilt version.
import { loadModel } from '../engine/model.js';
import { type Figure, figure } from './figure.js';
import { type JudgedPair, judgedPairs, words } from './judge-pairs.js';
import { gradeScores, likelihoodScores, type Scores, textScores } from './judge-scorers.js';
import type { BenchmarkSettings } from './options.js';
import { areaUnderCurve, type Interval, rankCorrelation, win } from '../shared/rank-statistics.js';

interface Row {
  scorer: string;
  cells: { kind: string; area: Interval; paired: number | null }[];
  /** Spearman's, of the score and the words of the response, good pairs only. */
  lengthCorrelation: number;
}

export async function* benchJudgeQuality(settings: BenchmarkSettings): AsyncGenerator<Figure> {
  const { model: path, threads, device, data, limit, scorers } = settings;
  const pool = judgedPairs(data, limit);
  const pairs = pool.map(({ pair }) => pair);
  const model = await loadModel({ path, threads, device });
  const rows: Row[] = [];
  const tell = (text: string) => process.stderr.write(`${text}\n`);
  tell(`${pool.filter(({ kind }) => kind === 'good').length} good pairs, ${pool.length} in all`);
  try {
    const columns = [...textScores(pairs), ...(await likelihoodScores(pairs, model))];
    if (scorers === 'all') columns.push(...(await gradeScores(pairs, model, tell)));
    for (const column of columns) rows.push(rowOf(column, pool));
  } finally {
    await model.dispose();
  }
  tell(table(rows));
  for (const row of rows) yield* figuresOf(row);
}

function rowOf([scorer, values]: Scores, pool: readonly JudgedPair[]): Row {
  const of = (wanted: string) => pool.flatMap(({ kind }, i) => (kind === wanted ? [values[i] as number] : []));
  const good = of('good');
  const kinds = [...new Set(pool.map(({ kind }) => kind))].filter((kind) => kind !== 'good');
  const cells = kinds.map((kind) => {
    const bad = of(kind);
    // Faulty pairs that a file names are of other tasks than its good ones.
    const isPaired = pool.some((one) => one.kind === kind && one.task >= 0);
    const wins = good.map((score, i) => win(score, bad[i] as number));
    return {
      kind,
      area: areaUnderCurve(good, bad, isPaired),
      paired: isPaired ? wins.reduce((sum, one) => sum + one, 0) / wins.length : null,
    };
  });
  const lengths = pool.flatMap(({ kind, pair }) => (kind === 'good' ? [words(pair.response).length] : []));
  return { scorer, cells, lengthCorrelation: rankCorrelation(good, lengths) };
}

function* figuresOf({ scorer, cells, lengthCorrelation }: Row): Generator<Figure> {
  for (const { kind, area, paired } of cells) {
    const { value, low, high } = area;
    yield figure('judge-quality', `${scorer}, ${kind}: area under the ROC curve`, value, 'share', undefined, {
      low,
      high,
    });
    if (paired !== null) yield figure('judge-quality', `${scorer}, ${kind}: paired accuracy`, paired, 'share');
  }
  yield figure('judge-quality', `${scorer}: correlation with length`, lengthCorrelation, 'rho');
}

/** Markdown: a row a scorer, area with half its interval's width and paired accuracy for each kind. */
function table(rows: readonly Row[]): string {
  const kinds = rows[0]?.cells.map(({ kind }) => kind) ?? [];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const two = (value: number) => value.toFixed(2).replace(/^(-?)0\./, '$1.');
  const body = rows.map(({ scorer, cells, lengthCorrelation }) => {
    const shown = cells.map(({ area: { value, low, high }, paired }) => {
      const area = `${two(value)} ±${two((high - low) / 2)}`;
      return paired === null ? area : `${area}, ${two(paired)}`;
    });
    return line([scorer.replaceAll('|', '\\|'), ...shown, two(lengthCorrelation)]);
  });
  const head = ['AUC, paired accuracy', ...kinds, 'ρ'];
  return [line(head), line(head.map(() => '---')), ...body].join('\n');
}
