// Joins records of answers or judgements to the items that they are of.
import { badRecords, type PlacedRecord, repeatedKey } from '../../shared/records.js';
import { shorten } from '../../shared/schema-problems.js';

/** The record of each item that the file names, in the order of the items. Throws `bad-input` that names all records of
 *  no item, those that repeat one, and what `wrong` says of others. */
export function joinAnswers<I, R>(
  file: string,
  items: readonly I[],
  records: readonly PlacedRecord<R>[],
  keys: { ofItem: (item: I) => string; ofRecord: (record: R) => string; wrong?: (record: R) => string | undefined },
): { items: I[]; records: R[] } {
  const recordOf = new Map<string, R>();
  const placeOf = new Map<string, string>();
  const known = new Set(items.map(keys.ofItem));
  const problems = records.flatMap(({ place, record }) => {
    const key = keys.ofRecord(record);
    const wrong = keys.wrong?.(record);
    recordOf.set(key, record);
    return [
      ...(known.has(key) ? [] : [`${place}: the benchmark has no item ${shorten(JSON.stringify(key))}`]),
      ...[repeatedKey(key, place, placeOf)].filter((problem) => problem !== undefined),
      ...(wrong === undefined ? [] : [`${place}: ${wrong}`]),
    ];
  });
  if (records.length === 0) problems.push(`${file} is empty`);
  if (problems.length > 0) throw badRecords(file, problems, 'give one answer an item, of the items of this benchmark');
  const answered = items.filter((item) => recordOf.has(keys.ofItem(item)));
  return { items: answered, records: answered.map((item) => recordOf.get(keys.ofItem(item)) as R) };
}
