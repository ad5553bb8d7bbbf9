// Which language a text is in, as Python's langdetect 1.0.9 finds it: n-grams drawn at random from the text multiply the
// probabilities of all languages until one is left. That program draws without a seed, so on a borderline text it says now
// this, now that; here it is run several times, and how often it says a language is the answer.
import { deriveSeed, randomStream } from '../../../shared/random.js';
import { type LanguageProfiles, languageProfiles } from './language-profiles.js';
import { isUpper } from './python-text.js';

// langdetect's own numbers.
const longestText = 10_000;
const trials = 7;
const alpha = { mean: 0.5, deviation: 0.05 };
const baseFrequency = 10_000;
const mostDraws = 1000;
const drawsBetweenChecks = 5;
const certain = 0.99999;
const leastProbability = 0.1;

/** Runs that are made of every text, and of one on which these do not agree. */
const runs = { fewest: 5, most: 25 };

/** How likely langdetect says that the text is in that language; undefined where the text has nothing to tell it by. */
export function languageChance(text: string, language: string): number | undefined {
  const profiles = languageProfiles();
  const ngrams = knownNgrams(withoutLatinNames(prepared(text, profiles)), profiles);
  if (ngrams.length === 0) return undefined;
  const random = randomStream(deriveSeed(0, 'language', text));
  let hits = 0;
  for (let done = 1; ; done++) {
    if (detect(ngrams, profiles, random) === language) hits++;
    const agree = hits === 0 || hits === done;
    if (done === runs.most || (done === runs.fewest && agree)) return hits / done;
  }
}

/** Without addresses, runs of blanks and what is too much; in characters. */
function prepared(text: string, { vietnamese }: LanguageProfiles): string[] {
  const plain = text
    .replace(/https?:\/\/[-_.?&~;+=/#0-9A-Za-z]{1,2076}/g, ' ')
    .replace(/[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}/g, ' ')
    .replace(/.[\u0300\u0301\u0303\u0309\u0323]/gsu, (pair) => vietnamese.get(pair) ?? pair);
  return Array.from(plain)
    .slice(0, longestText)
    .filter((character, i, all) => character !== ' ' || all[i - 1] !== ' ');
}

/** In a text that is mainly not in Latin letters, those that there are tell nothing. */
function withoutLatinNames(characters: string[]): string[] {
  const isLatin = (character: string) => character >= 'A' && character <= 'z';
  const latin = characters.filter(isLatin).length;
  const other = characters.filter((character) => character >= '\u0300').length;
  return latin * 2 < other ? characters.filter((character) => !isLatin(character)) : characters;
}

/** The probabilities of each n-gram of the text that any language has; words in capitals count up to their first letter. */
function knownNgrams(characters: readonly string[], profiles: LanguageProfiles): (readonly number[])[] {
  const known: (readonly number[])[] = [];
  let window = [' '];
  let isCapitalWord = false;
  for (const raw of characters) {
    const character = representative(raw, profiles);
    const last = window.at(-1) ?? ' ';
    if (last === ' ') {
      window = [' '];
      isCapitalWord = false;
    }
    if (last !== ' ' || character !== ' ') {
      window = [...window, character].slice(-3);
      isCapitalWord = isUpper(character) && (isCapitalWord || isUpper(last));
    }
    if (isCapitalWord) continue;
    for (let n = 1; n <= window.length; n++) {
      const ngram = window.slice(-n).join('');
      const probabilities = ngram === ' ' ? undefined : profiles.probabilities.get(ngram);
      if (probabilities !== undefined) known.push(probabilities);
    }
  }
  return known;
}

/** The character that stands for this one in the profiles. */
function representative(character: string, { representatives }: LanguageProfiles): string {
  const code = character.codePointAt(0) ?? 0;
  const within = (first: number, last: number) => code >= first && code <= last;
  if (code <= 0x7f) return /[A-Za-z]/.test(character) ? character : ' ';
  if (within(0x2000, 0x206f) || '\u00a0\u00ab\u00b0\u00bb'.includes(character)) return ' ';
  if (code === 0x219) return '\u015f';
  if (code === 0x21b) return '\u0163';
  if (code === 0x6cc) return '\u064a';
  if (within(0x1ea0, 0x1eff)) return '\u1ec3';
  if (within(0x3040, 0x309f)) return '\u3042';
  if (within(0x30a0, 0x30ff)) return '\u30a2';
  if (within(0x3100, 0x312f) || within(0x31a0, 0x31bf)) return '\u3105';
  if (within(0xac00, 0xd7af)) return '\uac00';
  return representatives.get(character) ?? character;
}

/** One run of langdetect's; undefined where no language is likely enough. */
function detect(ngrams: readonly (readonly number[])[], { languages }: LanguageProfiles, random: () => number) {
  const mean = new Float64Array(languages.length);
  for (let trial = 0; trial < trials; trial++) {
    const probabilities = tryOnce(ngrams, languages.length, random);
    for (let i = 0; i < mean.length; i++) mean[i] = (mean[i] as number) + (probabilities[i] as number) / trials;
  }
  const best = mean.reduce((top, probability, i) => (probability > (mean[top] as number) ? i : top), 0);
  return (mean[best] as number) > leastProbability ? languages[best] : undefined;
}

function tryOnce(ngrams: readonly (readonly number[])[], count: number, random: () => number): Float64Array {
  const probabilities = new Float64Array(count).fill(1 / count);
  const weight = (alpha.mean + gaussian(random) * alpha.deviation) / baseFrequency;
  for (let draw = 0; ; draw++) {
    const found = ngrams[Math.floor(random() * ngrams.length)] as readonly number[];
    multiply(probabilities, found, weight);
    if (draw % drawsBetweenChecks === 0 && (normalize(probabilities) > certain || draw >= mostDraws)) break;
  }
  return probabilities;
}

/** By weight + the n-gram's probability in that language. */
function multiply(probabilities: Float64Array, found: readonly number[], weight: number): void {
  for (let k = 0; k < found.length; k += 2) {
    const language = found[k] as number;
    probabilities[language] = (probabilities[language] as number) * (1 + (found[k + 1] as number) / weight);
  }
  for (let i = 0; i < probabilities.length; i++) probabilities[i] = (probabilities[i] as number) * weight;
}

/** To a sum of 1; returns the largest. */
function normalize(probabilities: Float64Array): number {
  const sum = probabilities.reduce((total, probability) => total + probability, 0);
  for (let i = 0; i < probabilities.length; i++) probabilities[i] = (probabilities[i] as number) / sum;
  return Math.max(...probabilities);
}

/** Standard normal, by Box and Muller. */
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
