// Words as NLTK's word_tokenize has them (3.10, NLTKWordTokenizer after Penn Treebank): only what decides which tokens there
// are, so quotes are set apart and not rewritten. IFEval counts capital words by them.
import { splitSentences } from './sentences.js';
import { py, splitWords } from './python-text.js';

type Rule = readonly [pattern: RegExp, replacement: string];

const rule = (source: string, replacement: string, flags = ''): Rule => [new RegExp(source, `gu${flags}`), replacement];

const openingQuotes: readonly Rule[] = [
  rule('[«“‘„]|`+', ' $& '),
  rule('^"', '``'),
  rule('``', ' $& '),
  rule(`([ (\\[{<])("|'{2})`, '$1 `` '),
  rule(`(?<!${py.word})(')(?!(?:re|ve|ll|m|t|s|d|n)${py.boundary})(?=${py.word})`, '$1 ', 'i'),
];

const punctuation: readonly Rule[] = [
  rule(`([^.])(\\.)([\\])}>"'»”’ ]*)${py.space}*${py.end}`, '$1 $2 $3 '),
  rule(`([:,])([^${py.digit}])`, ' $1 $2'),
  rule(`([:,])${py.end}`, ' $1 '),
  rule('\\.{2,}', ' $& '),
  rule('[;@#$%&]', ' $& '),
  rule('[\\u2012-\\u2015]', ' $& '),
  rule(`([^.])(\\.)([\\])}>"']*)${py.space}*${py.end}`, '$1 $2$3 '),
  rule('[?!]', ' $& '),
  rule(`([^'])' `, `$1 ' `),
  rule('\\*', ' $& '),
  rule('[\\][(){}<>]', ' $& '),
  rule('--', ' -- '),
];

const closingQuotes: readonly Rule[] = [
  rule('[»”’]', ' $& '),
  rule(`''`, ` '' `),
  rule('"', ` '' `),
  rule(`${py.space}+`, ' '),
  rule(`([^' ])('[sS]|'[mM]|'[dD]|') `, '$1 $2 '),
  rule(`([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) `, '$1 $2 '),
];

/** Words that are two by Robert MacIntyre's list; `i` stands for every letter that Python takes for one. */
const contractions: readonly Rule[] = [
  ...[
    ['can', 'not'],
    ['d', `'ye`],
    ['g[iİı]m', 'me'],
    ['gon', 'na'],
    ['got', 'ta'],
    ['lem', 'me'],
    ['more', `'n`],
  ].map(([first, second]) => rule(`${py.boundary}(${first})(${second})${py.boundary}`, ' $1 $2 ', 'i')),
  rule(`${py.boundary}(wan)(na)(?=${py.space})`, ' $1 $2 ', 'i'),
  rule(` ('t)([iİı]s)${py.boundary}`, ' $1 $2 ', 'i'),
  rule(` ('t)(was)${py.boundary}`, ' $1 $2 ', 'i'),
];

const apply = (text: string, rules: readonly Rule[]): string =>
  rules.reduce((changed, [pattern, replacement]) => changed.replace(pattern, replacement), text);

/** Tokens of a text, sentence by sentence. */
export function wordTokens(text: string): string[] {
  return splitSentences(text).flatMap((sentence) => {
    const padded = ` ${apply(apply(sentence, openingQuotes), punctuation)} `;
    return splitWords(apply(apply(padded, closingQuotes), contractions));
  });
}
