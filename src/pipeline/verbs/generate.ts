// The verb generate: completions for a file of prompts.
import { type GenerateRequest, type Generator, isFailed, type Sampling } from '../../engine/engine.js';
import { checkGrammar } from '../../engine/grammar.js';
import { IsheepError } from '../../shared/errors.js';
import { readJsonLines } from '../../shared/jsonl.js';
import { deriveSeed } from '../../shared/random.js';
import { readText } from '../../shared/read-file.js';
import { addCount } from '../../shared/verdicts.js';
import {
  addFailures,
  chunksOf,
  engineCall,
  noFailures,
  nonEmpty,
  type PromptFileRow,
  promptOf,
  promptRowSchema,
  type RowFailures,
  type RowTarget,
  stopIfInterrupted,
  type VerbCall,
  without,
  writeRows,
} from './verb.js';

export interface GenerateJob {
  out: RowTarget;
  maxTokens: number;
  sampling: Sampling;
  stop: readonly string[];
  /** Tokens; 0: never. */
  stopAtRepetition?: number;
  grammar?: string | undefined;
  /** Each prompt's own stream is derived from this and its id. */
  seed: number;
}

export interface GenerateResult {
  completions: number;
  tokens: number;
  /** Completions by why they ended. */
  stopped: Record<string, number>;
  /** Prompts without a completion. */
  failed: RowFailures;
  seconds: number;
}

/** Prompts that are computed together, written when all of them are done. */
const chunkSize = 256;

/** Reads and checks the prompts; throws `bad-input` with every bad line. */
export function readPrompts(file: string): PromptFileRow[] {
  return nonEmpty(readJsonLines(file, promptRowSchema), file);
}

/** The text of a grammar's file, where there is one. Throws `bad-input` where it cannot be read or followed. */
export function readGrammar(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = readText(file);
  if (text.trim() === '') {
    throw new IsheepError('bad-input', `${file} has no grammar`, { hint: 'a grammar has at least a rule root ::= …' });
  }
  checkGrammar(file, text);
  return text;
}

export async function generateFile(
  job: GenerateJob,
  rows: readonly PromptFileRow[],
  model: Generator,
  call: VerbCall = {},
): Promise<GenerateResult> {
  const started = performance.now();
  const result: GenerateResult = { completions: 0, tokens: 0, stopped: {}, failed: noFailures(), seconds: 0 };
  await writeRows(job.out, async (write) => {
    for (const chunk of chunksOf(rows, chunkSize)) {
      const requests = chunk.map((row) => requestOf(row, job));
      const options = engineCall(call, rows.length, result.completions + result.failed.rows, result.tokens);
      const completions = await model.generate(requests, options);
      write(
        completions.map((completion, i) => ({
          ...without(chunk[i] ?? {}, ['prompt', 'messages']),
          ...without({ ...completion }, ['written']), // what a judge reads in a run
        })),
      );
      for (const completion of completions) {
        if (isFailed(completion)) continue;
        result.completions++;
        result.tokens += completion.tokens;
        addCount(result.stopped, completion.stop);
      }
      addFailures(result.failed, completions);
      stopIfInterrupted(call, result.completions + result.failed.rows, rows.length);
    }
  });
  return { ...result, seconds: (performance.now() - started) / 1000 };
}

function requestOf(
  row: PromptFileRow,
  { maxTokens, stop, stopAtRepetition = 0, grammar, sampling, seed }: GenerateJob,
): GenerateRequest {
  return {
    id: row.id,
    prompt: promptOf(row),
    maxTokens,
    stop,
    stopAtRepetition,
    ...(grammar !== undefined && { grammar }),
    sampling,
    seed: deriveSeed(seed, 'generate', row.id),
  };
}
