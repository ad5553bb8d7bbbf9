// The verb score: log-probabilities of given continuations.
import type { Scorer } from '../../engine/engine.js';
import { readJsonLines } from '../../shared/jsonl.js';
import { nonEmpty } from './generate.js';
import {
  chunksOf,
  continuationRowSchema,
  engineCall,
  promptOf,
  stopIfInterrupted,
  without,
  writeRows,
} from './verb.js';
import type { ContinuationRow, RowTarget, VerbCall } from './verb.js';

export interface ScoreFileResult {
  continuations: number;
  tokens: number;
  /** Mean of the natural logs over all tokens; null where there is no token. */
  logprobPerToken: number | null;
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
  await writeRows(out, async (write) => {
    for (const chunk of chunksOf(rows, chunkSize)) {
      const requests = chunk.map((row) => ({ id: row.id, prompt: promptOf(row), continuation: row.continuation }));
      const scores = await model.score(requests, engineCall(call, rows.length, done));
      write(
        scores.map((score, i) => ({
          ...keptFields(chunk[i]),
          id: score.id,
          logprob: score.logprob,
          tokens: score.tokens,
        })),
      );
      for (const score of scores) {
        tokens += score.tokens;
        logprob += score.logprob;
      }
      done += chunk.length;
      stopIfInterrupted(call, done, rows.length);
    }
  });
  const seconds = (performance.now() - started) / 1000;
  return { continuations: done, tokens, logprobPerToken: tokens === 0 ? null : logprob / tokens, seconds };
}

function keptFields(row: ContinuationRow | undefined): Record<string, unknown> {
  return without(row ?? {}, ['prompt', 'messages', 'continuation']);
}
