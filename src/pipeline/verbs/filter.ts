// The verb filter: named filters on a file of pairs, or of instructions alone.
import { setImmediate } from 'node:timers/promises';

import { z } from 'zod';

import type { Config } from '../../config/schema.js';
import { readJsonLines, toJsonLines } from '../../shared/jsonl.js';
import { countRejections, isKept } from '../../shared/verdicts.js';
import { applyScreen, createScreen } from '../../stages/filter/screen.js';
import { loadEvaluation } from '../screens.js';
import {
  chunksOf,
  nonEmpty,
  pairRowSchema,
  stopIfInterrupted,
  type RowTarget,
  type VerbCall,
  writeRows,
} from './verb.js';
import { writeFileAtomically } from '../../shared/atomic-file.js';

export interface FilterJob {
  data: string;
  out: RowTarget;
  rejected?: string;
  /** Files whose instructions count as known to `novelty`. */
  against: readonly string[];
  /** Filters, and the evaluation files that `contamination` compares with. */
  filter: Config['filter'];
  /** ROUGE-L above which an instruction is not new. */
  novelty: number;
}

export interface FilterResult {
  rows: number;
  kept: number;
  /** Rows by the reason that rejected them. */
  rejected: Record<string, number>;
}

const againstSchema = z.looseObject({ instruction: z.string() });

/** Rows that are judged before others, signals above all, have their turn. */
const together = 256;

export async function filterFile(job: FilterJob, call: VerbCall = {}): Promise<FilterResult> {
  const rows = nonEmpty(readJsonLines(job.data, pairRowSchema), job.data);
  const against = job.against.flatMap((file) => readJsonLines(file, againstSchema));
  const evaluation = loadEvaluation(job)?.index;
  const screen = createScreen({ novelty: job.novelty, against, rules: job.filter.rules, evaluation });
  const judged: ReturnType<typeof applyScreen<(typeof rows)[number]>> = [];
  for (const some of chunksOf(rows, together)) {
    judged.push(...applyScreen(some, screen));
    call.onProgress?.({ done: judged.length, total: rows.length, tokens: 0 });
    await setImmediate(); // signals come in
    stopIfInterrupted(call, judged.length, rows.length);
  }
  const kept = judged.filter(isKept);
  const rejected = judged.filter((row) => !isKept(row));
  await writeRows(job.out, (write) => {
    write(kept);
    return Promise.resolve();
  });
  if (job.rejected !== undefined) writeFileAtomically(job.rejected, toJsonLines(rejected));
  return { rows: rows.length, kept: kept.length, rejected: countRejections(rejected) };
}
