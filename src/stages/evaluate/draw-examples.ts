// Examples that stand before each item: drawn once by the seed, the same for all items, so that the runner computes them
// once; where an example is the item itself the next one drawn stands in for it.
import { IsheepError } from '../../shared/errors.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';

export interface DrawOptions<T> {
  shots: number;
  seed: number;
  /** Where the pool comes from, for errors. */
  file: string;
  write: (example: T) => string;
}

/** The texts of an item's examples, from the part of the pool that has its subject. Throws `bad-input` where it is too small. */
export function drawExamples<T extends { subject?: string }>(
  items: readonly T[],
  pool: readonly T[],
  { shots, seed, file, write }: DrawOptions<T>,
): (item: T) => string[] {
  if (shots === 0) return () => [];
  const drawn = new Map<string, string[]>();
  for (const subject of new Set(items.map((item) => item.subject ?? ''))) {
    const texts = pool.filter((example) => (example.subject ?? '') === subject).map(write);
    const random = randomStream(deriveSeed(seed, 'examples', subject));
    drawn.set(subject, sampleWithoutReplacement([...new Set(texts)], shots + 1, random));
  }
  return (item) => {
    const own = write(item);
    const texts = (drawn.get(item.subject ?? '') ?? []).filter((text) => text !== own).slice(0, shots);
    if (texts.length === shots) return texts;
    const of = item.subject === undefined ? '' : ` of ${item.subject}`;
    throw new IsheepError(
      'bad-input',
      `${file} has ${texts.length} examples${of} for an item, and ${shots} are asked for`,
      {
        hint: 'ask for fewer shots, or give a larger file of examples',
      },
    );
  };
}
