// Merging and measuring, as the stage of a run and the verb both do it.
import type { ComparedScore, CompareJob, MergeJob, MergeReport, ScaledAdapter } from '../engine/merge.js';
import type { Pair } from '../shared/rows.js';
import { mergeAdvice, mergeCost, type MergeCost, survivedInWords } from '../stages/merge/merge.js';
import { hashFile } from '../store/artifacts.js';

export interface MergeResult extends MergeReport {
  type: string;
  /** Of the merged model's file. */
  sha256: string;
  /** null where there was no pair to measure on. */
  cost: MergeCost | null;
  /** What to do where the merge lost too much. */
  advice: string | null;
}

export interface MergeEngine {
  merge(job: MergeJob): Promise<MergeReport>;
  compareMerged(job: CompareJob): Promise<ComparedScore[]>;
}

export interface MergeInput {
  adapters: readonly ScaledAdapter[];
  baseSha256: string;
  outPath: string;
  type: string;
  /** Text of the template that the merged model is to talk by; absent: the base's. */
  chatTemplate?: string;
  /** What the cost is measured on. */
  pairs: readonly Pair[];
  signal?: AbortSignal;
  onTensor?: (tensors: { done: number; total: number }) => void;
  /** Called once the file is there and, with 0 and more, as pairs are compared. */
  onPair?: (done: number) => void;
}

/** Writes the merged model, then measures it. */
export async function mergeAndMeasure(engine: MergeEngine, input: MergeInput): Promise<MergeResult> {
  const { outPath, type, baseSha256, chatTemplate, pairs, signal, onTensor, onPair } = input;
  const aborts = signal === undefined ? {} : { signal };
  const adapters = input.adapters.map((adapter) => ({ ...adapter, sha256: hashFile(adapter.path) }));
  const report = await engine.merge({
    ...{ adapters, baseSha256, outPath, type, ...aborts },
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(onTensor === undefined ? {} : { onProgress: onTensor }),
  });
  onPair?.(0);
  const scores =
    pairs.length === 0
      ? []
      : await engine.compareMerged({
          ...{ adapters, mergedPath: outPath, pairs, ...aborts },
          onProgress: ({ done }) => onPair?.(done),
        });
  const cost = mergeCost(scores);
  return { type, sha256: hashFile(outPath), ...report, cost, advice: mergeAdvice(report, cost) };
}

/** One line for people. */
export function mergeInWords({
  type,
  cost,
  ...report
}: Pick<MergeResult, 'type' | 'merged' | 'survived' | 'noise' | 'cost'>): string {
  const kept = `type ${type}, ${survivedInWords(report)}`;
  if (cost === null) return kept;
  const { base, adapter, merged } = cost.perplexity;
  return (
    `${kept}; ${cost.divergence.toPrecision(2)} nats a token from the live adapter; ` +
    `perplexity: base ${base.toFixed(3)}, adapter ${adapter.toFixed(3)}, merged ${merged.toFixed(3)}`
  );
}
