// What the tests of benchmarks share: files of a test, tools for scoring, and the value of a metric.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import type { LanguageModel } from '../../src/engine/engine.js';
import type {
  BenchmarkFiles,
  EvaluateSettings,
  ItemResult,
  ScoringTools,
} from '../../src/stages/evaluate/benchmark.js';
import { temporaryFolder } from './temporary-folder.js';

export const settings: EvaluateSettings = { seed: 1 };

export function scoringTools(judge?: LanguageModel, files: BenchmarkFiles = {}): ScoringTools {
  return { settings, call: {}, files, ...(judge && { judge }) };
}

/** A file that goes when the test ends: JSON Lines of a list, or a text as it is. */
export function fileOf(content: string | readonly unknown[], name = 'data.jsonl'): string {
  const file = path.join(temporaryFolder(), name);
  writeFileSync(
    file,
    typeof content === 'string' ? content : content.map((row) => `${JSON.stringify(row)}\n`).join(''),
  );
  return file;
}

/** The sum of the values over the sum of the weights; NaN where no item says anything. */
export function metricOf(results: readonly ItemResult[], name: string): number {
  const shares = results.flatMap(({ shares }) => (shares[name] === undefined ? [] : [shares[name]]));
  const sum = (of: 'value' | 'weight') => shares.reduce((total, share) => total + share[of], 0);
  return sum('value') / sum('weight');
}
