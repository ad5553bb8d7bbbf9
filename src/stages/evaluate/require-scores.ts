// For benchmarks that read log-probabilities: not every endpoint gives them.
import type { LanguageModel } from '../../engine/engine.js';
import { IsheepError } from '../../shared/errors.js';

/** Throws `bad-config` where the model cannot score a continuation. */
export async function requireScores(benchmark: string, model: LanguageModel): Promise<void> {
  if ((await model.canScore?.('continuation')) ?? true) return;
  throw new IsheepError('bad-config', `${benchmark} reads log-probabilities, which this endpoint does not give`, {
    hint: 'evaluate a local model, or choose a benchmark that is answered in text',
  });
}
