import type { LanguageModel } from '../../../engine/engine.js';
import { IsheepError } from '../../../shared/errors.js';
import type { ScoringTools } from '../benchmark.js';

/** Throws `bad-config` where the benchmark has something to judge and nobody to do it. */
export function needJudge({ judge }: ScoringTools, benchmark: string): LanguageModel {
  if (judge !== undefined) return judge;
  throw new IsheepError('bad-config', `${benchmark} needs a judge for these answers`, {
    hint: 'name a judge: a GGUF file, or a model behind an OpenAI-compatible endpoint',
  });
}
