// The wording that a run asks the model with, rendered once with placeholders: for its hash in config.json, and to show.
import type { SeedTask } from '../shared/rows.js';
import { metaPrompt } from '../stages/synthesize/prompts.js';

const placeholder: SeedTask = { id: 'seed', instruction: '{instruction}', input: '{input}', output: '{output}' };

/** Each prompt's text by its name. */
export function promptWording(): Record<string, string> {
  return { synthesize: metaPrompt([placeholder, { ...placeholder, input: '' }], 2).text };
}
