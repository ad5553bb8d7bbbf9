// Published data, which lies beside the checkout and is not part of the repository. ISHEEP_DATA names another folder.
import { existsSync } from 'node:fs';
import path from 'node:path';

const folder = process.env.ISHEEP_DATA ?? path.resolve(import.meta.dirname, '../../../shared/data');

/** A file of it. A missing one is a failure that says so, since nothing would be checked without it. */
export function publishedData(...parts: string[]): string {
  const file = path.join(folder, ...parts);
  if (!existsSync(file)) throw new Error(`${file} is missing; ISHEEP_DATA names the folder with the published data`);
  return file;
}
