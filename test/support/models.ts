// Where tests find their models.
import { existsSync } from 'node:fs';
import path from 'node:path';

/** SmolLM2-135M-Instruct, which `npm run pretest` fetches. */
export function realModelPath(): string {
  const file = path.resolve(import.meta.dirname, '../../models/weights/smollm2-135m-instruct.gguf');
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run pretest\``);
  return file;
}
