// Cuts a document into passages that a task can be about: whole paragraphs, as many as make 60 to 200 words. Deterministic,
// so that a passage is known by its number.

/** A passage is closed once it has as many words, and has no more than `mostWords`. Long enough to ask about, short enough
 *  that demonstrations and passage fit into the context of a small model. */
const enoughWords = 60;
const mostWords = 200;
/** As many words are closed by a heading; a rest of fewer joins the passage before it, or is left out. */
const fewestWords = 20;
/** Characters that count as a word where a script has no spaces; of English they are one and a half. */
const charactersOfWord = 8;

const heading = /^ {0,3}#{1,6}[^\S\n]+(.*?)[^\S\n]*#*$/;
const fence = /^[^\S\n]*(```|~~~)/;
const sentenceEnd = /(?<=[.!?…]["'”’)]*)\s+|(?<=[。！？])/u;

interface Piece {
  text: string;
  /** Words after which the passage before it is closed. */
  enough: number;
}

/** In Markdown, a heading stays with what follows it. */
export function splitPassages(text: string, isMarkdown = false): string[] {
  const passages = joined((isMarkdown ? sections(text) : [text]).flatMap(paragraphs), '\n\n');
  const [before, last] = passages.slice(-2);
  if (before === undefined || last === undefined) return passages.filter((only) => words(only) >= fewestWords);
  if (words(last) >= fewestWords) return passages;
  const isJoined = words(before) + words(last) <= mostWords;
  return [...passages.slice(0, -2), isJoined ? `${before}\n\n${last}` : before];
}

/** Of a section, or of a text that has none; the first one is closed earlier. */
function paragraphs(section: string, number: number): Piece[] {
  const texts = section.split(/\n[^\S\n]*\n/).map((paragraph) => paragraph.replace(/^\s*\n|\s+$/g, ''));
  return texts
    .filter((paragraph) => paragraph !== '')
    .flatMap(splitParagraph)
    .map((text, i) => ({ text, enough: i === 0 && number > 0 ? fewestWords : enoughWords }));
}

/** A paragraph that is too long, in parts of about equal length that end with a sentence where there is one. */
function splitParagraph(paragraph: string): string[] {
  const all = words(paragraph);
  if (all <= mostWords) return [paragraph];
  const enough = all / Math.ceil(all / mostWords);
  const sentences = paragraph.split(sentenceEnd).flatMap(splitSentence);
  return joined(
    sentences.map((text) => ({ text, enough })),
    ' ',
  );
}

/** A sentence that is too long, cut between words; without spaces, between characters. */
function splitSentence(sentence: string): string[] {
  if (words(sentence) <= mostWords) return [sentence];
  const parts = sentence.split(/\s+/).flatMap(splitWord);
  return joined(
    parts.map((text) => ({ text, enough: mostWords })),
    ' ',
  );
}

function splitWord(word: string): string[] {
  const length = mostWords * charactersOfWord;
  const characters = Array.from(word);
  return Array.from({ length: Math.ceil(characters.length / length) }, (_, i) =>
    characters.slice(i * length, (i + 1) * length).join(''),
  );
}

/** One after the other in texts that are closed when they have enough, and never have more than the most. */
function joined(pieces: readonly Piece[], separator: string): string[] {
  const texts: string[] = [];
  for (const { text, enough } of pieces) {
    const last = texts.at(-1);
    const isOpen = last !== undefined && words(last) < enough && words(last) + words(text) <= mostWords;
    if (isOpen) texts[texts.length - 1] = `${last}${separator}${text}`;
    else texts.push(text);
  }
  return texts;
}

function words(text: string): number {
  const spaced = text.split(/\s+/).filter((word) => word !== '').length;
  return Math.max(spaced, text.length / charactersOfWord);
}

/** What stands before the first heading, and each heading, without its marks, with what follows it. A line of a code block
 *  is no heading. */
function sections(markdown: string): string[] {
  const found: string[][] = [[]];
  let isCode = false;
  for (const line of markdown.split('\n')) {
    if (fence.test(line)) isCode = !isCode;
    const title = isCode ? undefined : heading.exec(line)?.[1];
    if (title === undefined) found.at(-1)?.push(line);
    else found.push([title]);
  }
  const [before = [], ...headed] = found;
  return [
    before.join('\n'),
    ...headed.map(([title = '', ...lines]) => `${title}\n${lines.join('\n').replace(/^\n+/, '')}`),
  ];
}
