// Real models that tests use; `pretest` fetches them.
import { existsSync } from 'node:fs';
import path from 'node:path';

const weights = path.resolve(import.meta.dirname, '..', '..', 'models', 'weights');

/** SmolLM2-135M-Instruct in Q4_1. Throws where it has not been fetched. */
export function realModelPath(): string {
  const file = path.join(weights, 'smollm2-135m-instruct.gguf');
  if (!existsSync(file)) throw new Error(`${file} is missing: fetch it with "npm run pretest"`);
  return file;
}
