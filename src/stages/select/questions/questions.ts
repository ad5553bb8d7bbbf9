// Questions made of kept pairs in hindsight: a passage of a response, and what is asked for stands in it. They teach to answer
// from a text, in its words, and no more than was asked (as cloze questions do: Lewis et al., arXiv 1906.04980).
import { oneOf } from '../../../shared/constraints/draws.js';
import { phrasings } from '../../../shared/constraints/phrasings.js';
import { countWords, sentences } from '../../../shared/constraints/text.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../../shared/random.js';
import type { Pair } from '../../../shared/rows.js';
import { answerSpans, statementQuestions } from './answer-spans.js';

type Choices = readonly [string, ...string[]];

interface Question {
  question: string;
  answer: string;
}

const fewestWords = 12;
/** A longer response is cut to whole sentences of so many words: a question concerns one of them. */
const mostWords = 160;
const mostAnswerWords = 8;

/** Up to `count` pairs, of a fraction one more by chance, of a pair whose response can be asked about, under ids of their own (`<id>-q1` …), each with another
 *  answer; `source` names the pair that they are made of. */
export function questionsOf(pair: Pair, count: number, seed: number, iteration: number): Pair[] {
  if (count === 0 || (pair.constraints?.length ?? 0) > 0) return [];
  const random = randomStream(deriveSeed(seed, 'questions', iteration, pair.id));
  const passage = passageOf(pair.response);
  if (passage === undefined) return [];
  const all = passage.sentences.flatMap(questionsOn);
  const shuffled = sampleWithoutReplacement(all, all.length, random);
  const distinct = [...new Map(shuffled.map((one) => [one.answer, one])).values()];
  const whole = Math.floor(count);
  const chosen = distinct.slice(0, whole < count && random() < count - whole ? whole + 1 : whole);
  return chosen.map(({ question, answer }, i) => ({
    id: `${pair.id}-q${i + 1}`,
    instruction: asked(passage.text, question, random),
    input: '',
    response: answer,
    source: { hindsightOf: pair.id, question: true },
  }));
}

/** Words that an English text of any topic has, and few texts in other languages. */
const englishWords = new Set('the of and to is are was were that with for it they this by from have has'.split(' '));
const fewestEnglishWords = 0.1;

/** The rules are English: in a German text every noun has the capital of a name. */
function isEnglish(text: string): boolean {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  return words.filter((word) => englishWords.has(word)).length >= fewestEnglishWords * words.length;
}

/** English prose only: lists and tables have no sentences to ask about. */
function passageOf(response: string): { text: string; sentences: string[] } | undefined {
  const text = response.trim();
  if (/^\s*(?:[-*•#|{]|\d+[.)])/mu.test(text) || !isEnglish(text)) return undefined;
  const kept: string[] = [];
  for (const sentence of sentences(text)) {
    if (countWords([...kept, sentence].join(' ')) > mostWords) break;
    kept.push(sentence);
  }
  const whole = kept.join(' ');
  return countWords(whole) < fewestWords ? undefined : { text: whole, sentences: kept };
}

/** All that can be asked about a sentence. None gives its answer away. */
function questionsOn(sentence: string): Question[] {
  const inPlace = answerSpans(sentence).flatMap(({ at, answer, asksBy }): Question[] => {
    const before = sentence.slice(0, at);
    const behind = sentence.slice(at + answer.length);
    const echo = asSentenceStart(`${before}${asksBy}${behind}`.replace(/[.!?…]*$/u, '?'));
    return [
      { question: echo, answer },
      { question: `${before}____${behind}`, answer },
    ];
  });
  const all = [...statementQuestions(sentence), ...inPlace];
  return all.filter(({ question, answer }) => {
    const isHidden = !question.toLowerCase().includes(answer.toLowerCase());
    return isHidden && countWords(answer) <= mostAnswerWords && countWords(question) >= 4;
  });
}

function asSentenceStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The whole turn, in one of many layouts. */
function asked(passage: string, question: string, random: () => number): string {
  const rule = oneOf(rules, random);
  const label = oneOf(labels, random);
  const ask = question.includes('____') ? `${oneOf(gaps, random)} ${question}` : question;
  const layouts: Choices = [
    `${passage}\n\n${ask}`,
    `${ask}\n\n${passage}`,
    `${passage}\n\n${rule} ${ask}`,
    `${rule}\n\n${label}: ${passage}\n\nQuestion: ${ask}`,
    `${label}: ${passage}\n\nQuestion: ${ask}\n\nAnswer:`,
    `${rule}\n${passage}\nQ: ${ask}\nA:`,
    `Question: ${ask}\n${label}: ${passage}\n${rule}`,
  ];
  return oneOf(layouts, random);
}

const labels: Choices = ['Text', 'Passage', 'Paragraph', 'Excerpt', 'Source'];

const gaps: Choices = [
  ...phrasings`{Fill in the gap|Fill the gap|Complete the sentence}:`,
  ...phrasings`{Which words are|What is} missing here?`,
];

const rules: Choices = [
  ...phrasings`{Answer|Reply} with {words from the text|words that stand in the text|an exact quotation}{| and nothing else}.`,
  ...phrasings`{Answer|Reply} in {a few words|as few words as you can}{, taken from the text|}.`,
  ...phrasings`{Read|Look at} the text and answer the question{| briefly| in a few words}.`,
  ...phrasings`{According to|Going by} the text{, what is the answer|, in a few words}?`,
];
