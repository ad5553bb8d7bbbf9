// The verb score: log-probabilities of given continuations.
import { isFailed, type Scorer } from '../../engine/engine.js';
import { readJsonLines } from '../../shared/jsonl.js';
import {
  addFailures,
  chunksOf,
  type ContinuationRow,
  continuationRowSchema,
  engineCall,
  noFailures,
  nonEmpty,
  promptOf,
  type RowFailures,
  type RowTarget,
  stopIfInterrupted,
  type VerbCall,
  without,
  writeRows,
} from './verb.js';

export interface ScoreFileResult {
  continuations: number;
  tokens: number;
  /** Mean of the natural logs over all tokens; null where there is no token. */
  logprobPerToken: number | null;
  /** Rows without a log-probability. */
  failed: RowFailures;
  seconds: number;
}

const chunkSize = 256;

export function readContinuations(file: string): ContinuationRow[] {
  return nonEmpty(readJsonLines(file, continuationRowSchema), file);
}

export async function scoreFile(
  out: RowTarget,
  rows: readonly ContinuationRow[],
  model: Scorer,
  call: VerbCall = {},
): Promise<ScoreFileResult> {
  const started = performance.now();
  let done = 0;
  let tokens = 0;
  let logprob = 0;
  const failed = noFailures();
  await writeRows(out, async (write) => {
    for (const chunk of chunksOf(rows, chunkSize)) {
      const requests = chunk.map((row) => ({ id: row.id, prompt: promptOf(row), continuation: row.continuation }));
      const scores = await model.score(requests, engineCall(call, rows.length, done));
      write(
        scores.map((score, i) => {
          const result = isFailed(score) ? score : { id: score.id, logprob: score.logprob, tokens: score.tokens };
          return { ...keptFields(chunk[i]), ...result };
        }),
      );
      for (const score of scores) {
        if (isFailed(score)) continue;
        tokens += score.tokens;
        logprob += score.logprob;
      }
      addFailures(failed, scores);
      done += chunk.length;
      stopIfInterrupted(call, done, rows.length);
    }
  });
  const seconds = (performance.now() - started) / 1000;
  const logprobPerToken = tokens === 0 ? null : logprob / tokens;
  return { continuations: done - failed.rows, tokens, logprobPerToken, failed, seconds };
}

function keptFields(row: ContinuationRow | undefined): Record<string, unknown> {
  return without(row ?? {}, ['prompt', 'messages', 'continuation']);
}
