// Sentences as NLTK's Punkt finds them (3.10, PunktSentenceTokenizer): Kiss and Strunk, Unsupervised Multilingual Sentence
// Boundary Detection, Computational Linguistics 32(4), 2006. Section numbers are that article's.
import { isCollocation, punktTables, type PunktTables, seen } from './punkt-tables.js';
import { isBlank, isLower, isUpper, py, stripEnd } from './python-text.js';

const quotes = '\\u2018\\u2019\\u201c\\u201d\\u00ab\\u00bb';
/** What cannot stand within a word. */
const nonWord = `[)";}\\]*:@'({\\[${quotes}?!]`;
const wordStart = '[^("`{\\[:;&#*@)}\\]\\-,]';
const runOfMarks = `(?:-{2,}|\\.{2,}|(?:\\.${py.space}){2,}\\.)`;
const afterWord = `${py.space}|$|${nonWord}|${runOfMarks}`;

const tokenPattern = new RegExp(
  `${runOfMarks}|(?=${wordStart})${py.nonSpace}+?(?=${afterWord}|,(?=${afterWord}))|${py.nonSpace}`,
  'gu',
);
/** A mark that may end a sentence, with what follows: another mark, or white space and the next token. */
const possibleEnd = new RegExp(`[.?!](?=(?<after>${nonWord}|${py.space}+(?<next>${py.nonSpace}+)))`, 'gu');
/** Closing marks at the beginning of a sentence, which belong to the one before. */
const closingMarks = new RegExp(`^["')\\]}${quotes}]+?(?:${py.space}+|(?=--)|${py.lineEnd})`, 'u');

interface Span {
  start: number;
  end: number;
}

export function splitSentences(text: string): string[] {
  return realigned(text, roughSpans(text)).map(({ start, end }) => text.slice(start, end));
}

function roughSpans(text: string): Span[] {
  const spans: Span[] = [];
  let start = 0;
  for (const { mark, next, context } of possibleEnds(text)) {
    if (!hasBreak(context)) continue;
    spans.push({ start, end: mark + 1 });
    start = next ?? mark + 1;
  }
  return [...spans, { start, end: stripEnd(text).length }];
}

interface PossibleEnd {
  /** Where the mark is. */
  mark: number;
  /** Where the next token begins; undefined where another mark follows at once. */
  next: number | undefined;
  /** The word that the mark ends, and what follows. */
  context: string;
}

/** Of marks that end the same word, only the last one is. */
function possibleEnds(text: string): PossibleEnd[] {
  const ends: PossibleEnd[] = [];
  let last: (PossibleEnd & { word: Span }) | undefined;
  for (const match of text.matchAll(possibleEnd)) {
    const { after = '', next } = match.groups ?? {};
    const mark = match.index;
    const word = { start: wordStartBefore(text, mark, last?.word ?? { start: 0, end: 0 }), end: mark };
    if (last !== undefined && last.word.end <= word.start) ends.push(last);
    const nextStart = next === undefined ? undefined : mark + 1 + after.length - next.length;
    last = { mark, next: nextStart, context: text.slice(word.start, mark + 1) + after, word };
  }
  return last === undefined ? ends : [...ends, last];
}

/** Behind the last white space since the word before. As in NLTK, white space right behind that word does not count. */
function wordStartBefore(text: string, mark: number, before: Span): number {
  for (let i = mark - 1; i > before.end; i--) {
    if (/[ \t-\r]/.test(text.charAt(i))) return i + 1;
  }
  return before.start;
}

function realigned(text: string, spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  let moved = 0;
  spans.forEach((span, i) => {
    const start = span.start + moved;
    const next = spans[i + 1];
    const marks = next && closingMarks.exec(text.slice(next.start, next.end))?.[0];
    moved = marks?.length ?? 0;
    if (next !== undefined && marks !== undefined) result.push({ start, end: next.start + stripEnd(marks).length });
    else if (text.slice(start, span.end) !== '') result.push({ start, end: span.end });
  });
  return result;
}

interface Token {
  text: string;
  /** In lower case; all numbers are one type. */
  type: string;
  isBreak: boolean;
  isAbbreviation: boolean;
  isEllipsis: boolean;
}

/** Whether a sentence ends within the text, its last token aside. */
function hasBreak(text: string): boolean {
  const tables = punktTables();
  const tokens = text
    .split('\n')
    .filter((line) => !isBlank(line))
    .flatMap((line) => line.match(tokenPattern) ?? [])
    .map((token) => byItself(token, tables));
  return tokens.slice(0, -1).some((token, i) => besideNext(token, tokens[i + 1] as Token, tables));
}

const number = new RegExp(`^-?[.,]?${py.digit}[${py.digit},.-]*\\.?$`, 'u');

/** Section 3: what the token says by itself. */
function byItself(text: string, { abbreviations }: PunktTables): Token {
  const lower = text.toLowerCase();
  const type = number.test(lower) ? '##number##' : lower;
  const token = { text, type, isBreak: false, isAbbreviation: false, isEllipsis: false };
  if (['.', '?', '!'].includes(text)) return { ...token, isBreak: true };
  if (/^\.{2,}$/.test(text)) return { ...token, isEllipsis: true };
  if (!text.endsWith('.') || text.endsWith('..')) return token;
  const word = text.slice(0, -1).toLowerCase();
  const isAbbreviation = abbreviations.has(word) || abbreviations.has(word.split('-').at(-1) ?? '');
  return { ...token, isAbbreviation, isBreak: !isAbbreviation };
}

const initial = /^[\p{L}\p{Nl}\p{No}_]\.$/u;

/** Section 4: whether a sentence ends with the token, now that the next one is known. */
function besideNext(token: Token, next: Token, tables: PunktTables): boolean {
  if (!token.text.endsWith('.')) return token.isBreak;
  const type = withoutPeriod(token.type);
  const nextType = next.isBreak ? withoutPeriod(next.type) : next.type;
  const isInitial = initial.test(token.text);
  if (isCollocation(type, nextType)) return false;
  const starts = startsSentence(next, nextType, tables);
  if ((token.isAbbreviation || token.isEllipsis) && !isInitial) {
    if (starts === true) return true;
    if (isUpper(firstCharacter(next)) && tables.sentenceStarters.has(nextType)) return true;
  }
  if (!isInitial && type !== '##number##') return token.isBreak;
  if (starts === false) return false;
  const neverLower = ((tables.contexts.get(nextType) ?? 0) & seen.lower) === 0;
  const isName = starts === undefined && isInitial && isUpper(firstCharacter(next)) && neverLower;
  return isName ? false : token.isBreak;
}

/** Section 4.1.1, the orthographic heuristic; undefined where it cannot tell. */
function startsSentence({ text, ...token }: Token, type: string, { contexts }: PunktTables): boolean | undefined {
  if ([';', ':', ',', '.', '!', '?'].includes(text)) return false;
  const context = contexts.get(type) ?? 0;
  const first = firstCharacter({ text, ...token });
  if (isUpper(first) && (context & seen.lower) !== 0 && (context & seen.upperWithin) === 0) return true;
  if (isLower(first) && ((context & seen.upper) !== 0 || (context & seen.lowerAtBeginning) === 0)) return false;
  return undefined;
}

function withoutPeriod(type: string): string {
  return type.length > 1 && type.endsWith('.') ? type.slice(0, -1) : type;
}

function firstCharacter({ text }: Token): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 0);
}
