// Finds what a question on a text can ask for: words of a sentence that say something by themselves. By plain rules for English,
// so that every answer stands in the text; a sentence that no rule fits gives nothing.

/** A sentence, the words in it that answer, and what asks for them in their place. */
export interface AnswerSpan {
  sentence: string;
  /** Offset of the answer in the sentence, in UTF-16 units. */
  at: number;
  answer: string;
  /** "what", "who or what", "how many", "which year". */
  asksBy: string;
}

/** What follows a noun phrase: a word that cannot belong to it, or a sign. */
const behindPhrases =
  'of in on at by to for from with into onto over under through between around before after during than and or but so as ' +
  'that which who when where while because if is are was were has have had can could will would may must should';
const after = String.raw`(?=[,.;:!?]| (?:${behindPhrases.replaceAll(' ', '|')})\b)`;

const numbers =
  /(?<![\p{L}\p{N}.,-])\p{N}+(?:[.,]\p{N}+)*(?: (?:percent|million|billion|degrees))?(?![\p{L}\p{N}%-])/gu;
/** Not at a sentence's beginning, where any word has a capital. */
const names = /(?<=[\p{Ll}\p{N},] )\p{Lu}[\p{L}'’-]+(?: (?:of |the )?\p{Lu}[\p{L}'’-]+){0,3}/gu;
const nounPhrases = new RegExp(String.raw`(?<![\p{L}\p{N}])(?:the|a|an) \p{Ll}+(?:[ -]\p{Ll}+){0,2}?${after}`, 'gu');
const year = /^(?:1[0-9]|20)\p{N}{2}$/u;

/** All spans of a sentence, numbers and names before noun phrases. */
export function answerSpans(sentence: string): AnswerSpan[] {
  const spans = (pattern: RegExp, asksBy: (answer: string) => string): AnswerSpan[] =>
    [...sentence.matchAll(pattern)].map((match) => ({
      ...{ sentence, at: match.index, answer: match[0], asksBy: asksBy(match[0]) },
    }));
  return [
    ...spans(numbers, (answer) => (year.test(answer) ? 'which year' : 'how many')),
    ...spans(names, () => 'who or what'),
    ...spans(nounPhrases, () => 'what'),
  ];
}

/** What begins no subject that a reader knows without the sentences before. */
const vague = new Set(
  (
    'i you he she it we they this that these those there here if when while as in on at for to by with after before ' +
    'because since although though so but and or then also however once one some many most what who how where why'
  ).split(' '),
);

const statement = /^((?:[\p{L}\p{N}'’-]+ ){1,6}?)(is|are|was|were|can|could|will|has|have|had) ([^,;:()"“”]+?)[.!]?$/u;
const mostPredicateWords = 8;

/** "The heart is a muscle." is two questions and their answers: what the subject is, and of what it is said. */
export function statementQuestions(sentence: string): { question: string; answer: string }[] {
  const match = statement.exec(sentence);
  if (match === null) return [];
  const [, words = '', verb = '', rest = ''] = match;
  const subject = words.trim();
  const [first = ''] = subject.toLowerCase().split(' ');
  if (vague.has(first)) return [];
  const inside = /^(?:The|A|An|Its|Their|His|Her|My|Our|Your)\b/u.test(subject)
    ? `${subject.charAt(0).toLowerCase()}${subject.slice(1)}`
    : subject;
  const ofSubject = { question: `What ${verb} ${rest}?`, answer: subject };
  const isShort = rest.split(' ').length <= mostPredicateWords;
  const isNamed = /^(?:is|are|was|were)$/u.test(verb) && /^(?:a|an|the) /u.test(rest);
  return isShort && isNamed ? [ofSubject, { question: `What ${verb} ${inside}?`, answer: rest }] : [ofSubject];
}
