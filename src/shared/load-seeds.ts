// Reads seed tasks: the ones that come with isheep, or a person's own.
import { fileURLToPath } from 'node:url';

import { IsheepError } from './errors.js';
import { readJsonLines } from './jsonl.js';
import { seedSchema } from './row-schemas.js';
import type { SeedTask } from './rows.js';

/** The seed tasks that come with isheep. They stay in src/, which is at the same distance from here when compiled. */
const defaultSeedsFile = fileURLToPath(new URL('../../src/stages/synthesize/seeds.jsonl', import.meta.url));

/** Throws `bad-input` with all bad lines, and where the file has no seed task at all. */
export function loadSeeds(file: string = defaultSeedsFile): SeedTask[] {
  const seeds = readJsonLines(file, seedSchema).map(({ id, instruction, input, output, instances }) => ({
    id,
    instruction,
    input: input ?? instances?.[0]?.input ?? '',
    output: output ?? instances?.[0]?.output ?? '',
  }));
  if (seeds.length > 0) return seeds;
  throw new IsheepError('bad-input', `${file} has no seed task`, {
    hint: 'each line is one JSON object with id, instruction, and where there are any, input and output',
  });
}
