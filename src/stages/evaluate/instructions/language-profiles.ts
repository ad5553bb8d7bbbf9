// How often languages have which n-grams of one to three characters, from Shuyo Nakatani's language-detection (2010), which
// Python's langdetect 1.0.9 is a port of. The package langdetect-js has the same profiles but for Catalan and Welsh.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface LanguageProfiles {
  /** ISO 639-1, and zh-cn, zh-tw. */
  languages: readonly string[];
  /** n-gram → numbers of the languages that have it, each followed by its probability among their n-grams of that length. */
  probabilities: ReadonlyMap<string, readonly number[]>;
  /** Characters that count as another one: Chinese and Japanese ones by how they are used. */
  representatives: ReadonlyMap<string, string>;
  /** Letter with a combining mark → Vietnamese letter. */
  vietnamese: ReadonlyMap<string, string>;
}

interface ProfileFile {
  name: string;
  freq: Record<string, number>;
  n_words: [number, number, number];
}

type Characters = Record<string, string>;

let profiles: LanguageProfiles | undefined;

/** Loaded once. */
export function languageProfiles(): LanguageProfiles {
  profiles ??= loadProfiles();
  return profiles;
}

function loadProfiles(): LanguageProfiles {
  const root = path.dirname(createRequire(import.meta.url).resolve('langdetect-js/package.json'));
  const json = (...file: string[]): unknown => JSON.parse(readFileSync(path.join(root, ...file), 'utf8'));
  const files = readdirSync(path.join(root, 'profiles')).sort();
  const languages: string[] = [];
  const probabilities = new Map<string, number[]>();
  for (const { name, freq, n_words } of files.map((file) => json('profiles', file) as ProfileFile)) {
    const language = languages.push(name) - 1;
    for (const [ngram, count] of Object.entries(freq)) {
      const known = probabilities.get(ngram) ?? [];
      const length = Array.from(ngram).length;
      if (length <= 3) known.push(language, count / (n_words[length - 1] as number));
      probabilities.set(ngram, known);
    }
  }
  const characters = json('lib', 'Messages.json') as Characters;
  return { languages, probabilities, ...characterTables(characters) };
}

function characterTables(characters: Characters): Pick<LanguageProfiles, 'representatives' | 'vietnamese'> {
  const representatives = new Map<string, string>();
  const vietnamese = new Map<string, string>();
  const letters = Array.from(characters.TO_NORMALIZE_VI_CHARS ?? '');
  for (const [name, members] of Object.entries(characters)) {
    if (name.startsWith('NGram_KANJI_')) {
      for (const member of members) representatives.set(member, members.charAt(0));
    }
    const mark = /^NORMALIZED_VI_CHARS_(\w{4})$/.exec(name)?.[1];
    if (mark === undefined) continue;
    const combining = String.fromCodePoint(parseInt(mark, 16));
    Array.from(members).forEach((letter, i) => vietnamese.set(`${letters[i] ?? ''}${combining}`, letter));
  }
  return { representatives, vietnamese };
}
