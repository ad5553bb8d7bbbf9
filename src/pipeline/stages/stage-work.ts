// What a stage is to the pipeline, and what all of them do alike: commit chunk after chunk, and stop between two.
import type { RunContext, RunData } from '../run-context.js';
import { stopIfAsked } from '../run-context.js';
import type { StageName } from '../events.js';
import type { StoredRow } from '../../store/run-store.js';

export interface StageOutcome {
  /** Stored with the finished stage. */
  result: unknown;
  /** One line for people. */
  note: string;
  /** Seconds of work that earlier processes did on this stage and that stand in no chunk. */
  earlierSeconds?: number;
}

export interface StageWork {
  stage: StageName;
  /** What is counted, in the plural. */
  unit: string;
  /** Keys of the run's values that the stage decides. */
  values?(iteration: number): string[];
  /** Files of the iteration that are not written from the database. */
  artifacts?: readonly string[];
  /** Whether an iteration has the stage at all; absent: each has it. */
  isWanted?(run: RunData, iteration: number): boolean;
  /** How many the stage aims at, and how many earlier processes have committed. */
  size(run: RunData, iteration: number): { total: number; done: number };
  /** Does the rest of the stage and commits it, all but the mark that it is finished. */
  work(run: RunContext, iteration: number): Promise<StageOutcome>;
}

export interface ChunkRows {
  info: unknown;
  rows: readonly StoredRow[];
  /** How many units are done with this chunk. */
  done: number;
}

/** Commits what a stage yields, chunk by chunk. Stops between two chunks where the run is asked to. */
export async function commitChunks<Chunk extends { index: number }>(
  run: RunContext,
  iteration: number,
  { stage, unit }: Pick<StageWork, 'stage' | 'unit'>,
  chunks: AsyncIterable<Chunk>,
  toRows: (chunk: Chunk) => ChunkRows,
): Promise<void> {
  let started = performance.now();
  for await (const chunk of chunks) {
    const { info, rows, done } = toRows(chunk);
    const seconds = (performance.now() - started) / 1000;
    run.store.commitChunk({ iteration, stage, chunk: chunk.index, seconds, info, rows });
    stopIfAsked(run, iteration, stage, `${done} ${unit}`);
    started = performance.now();
  }
}

/** Counts each of `keys`. */
export function countBy(keys: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

/** "12 empty-response, 3 url": counts with the most frequent first, for a message. */
export function countsInWords(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .map(([name, n]) => `${n} ${name}`)
    .join(', ');
}
