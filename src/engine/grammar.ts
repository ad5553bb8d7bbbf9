// Whether a grammar can be followed, before there is a model.
import { loadAddon } from '../native/load-addon.js';
import { fromNative, IsheepError } from '../shared/errors.js';

/** Throws `bad-input` where a grammar (GBNF, its first rule is root) cannot be read, or llama.cpp could not follow it (see
 *  native/inference/grammar-check.h); `name` is whose it is. */
export function checkGrammar(name: string, grammar: string): void {
  try {
    loadAddon().checkGrammar(grammar);
  } catch (cause) {
    const error = fromNative(cause);
    if (!(error instanceof IsheepError)) throw error;
    throw new IsheepError(error.code, `${name}: ${error.message}`, { hint: error.hint, cause });
  }
}
