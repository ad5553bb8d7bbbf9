// An evaluation in words: a table of metrics with their intervals and, against another model, of differences.
import { probabilityText } from '../shared/paired-test.js';
import { differenceText } from '../shared/signed-text.js';
import type { Benchmark } from '../stages/evaluate/benchmark.js';
import { type Estimate, type MetricComparison, verdictOf } from '../stages/evaluate/metrics.js';
import { formatTable } from './format.js';

interface EvaluationInWords {
  n: number;
  metrics: Readonly<Record<string, Estimate>>;
  comparison?: Readonly<Record<string, MetricComparison>> | undefined;
}

export function evaluationText({ name }: Pick<Benchmark, 'name'>, { metrics, comparison }: EvaluationInWords): string {
  const head = ['metric', name, '95 % interval', 'items'];
  const rows = Object.entries(metrics).map(([metric, { value, low, high, unit, n }]) => [
    metric,
    withUnit(value, unit),
    `${number(low)} to ${number(high)}`,
    String(n),
  ]);
  const table = formatTable([head, ...rows], [1, 2, 3]);
  return comparison === undefined ? table : `${table}\n\n${comparisonText(metrics, comparison)}`;
}

function comparisonText(
  metrics: EvaluationInWords['metrics'],
  comparison: Readonly<Record<string, MetricComparison>>,
): string {
  const head = ['metric', 'other', 'this', 'difference', '95 % interval', 'p', 'corrected', 'verdict'];
  const rows = Object.entries(comparison).map(([metric, one]) => {
    const unit = metrics[metric]?.unit ?? 'points';
    return [
      metric,
      withUnit(one.other, unit),
      withUnit(one.value, unit),
      signed(one.difference),
      `${signed(one.low)} to ${signed(one.high)}`,
      probabilityText(one.p),
      probabilityText(one.corrected),
      verdictOf(one),
    ];
  });
  return formatTable([head, ...rows], [1, 2, 3, 4, 5, 6]);
}

function withUnit(value: number, unit: Estimate['unit']): string {
  return unit === '%' ? `${number(value)} %` : number(value);
}

/** Two decimals; three and more of small numbers. */
export function number(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 10 || size === 0 ? 2 : 3);
}

function signed(value: number): string {
  return differenceText(value, number);
}
