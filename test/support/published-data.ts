// Published data, which lies beside the checkout and is no part of the repository. ISHEEP_DATA names another folder.
import { existsSync } from 'node:fs';
import path from 'node:path';

const folder = process.env.ISHEEP_DATA ?? path.resolve(import.meta.dirname, '../../../shared/data');

/** Throws where it is missing: a test of agreement that finds nothing to agree with has failed. */
export function publishedFile(...parts: string[]): string {
  const file = path.join(folder, ...parts);
  if (!existsSync(file)) {
    throw new Error(
      `${file} is missing: put the published data beside the checkout, or name its folder by ISHEEP_DATA`,
    );
  }
  return file;
}
