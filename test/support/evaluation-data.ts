// Published data of benchmarks, which lies beside the checkout and is not part of the repository; ISHEEP_DATA names another
// folder.
import { existsSync } from 'node:fs';
import path from 'node:path';

const folder = process.env.ISHEEP_DATA ?? path.resolve(import.meta.dirname, '../../../shared/data');

/** The path of a file of it. Throws where it is not there: what cannot be checked must not pass. */
export function evaluationData(...parts: string[]): string {
  const file = path.join(folder, ...parts);
  if (existsSync(file)) return file;
  throw new Error(`there is no ${file}: name the folder of the benchmarks' data by ISHEEP_DATA`);
}
