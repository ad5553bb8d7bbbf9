// What the official verdicts do not show: words, sentences and languages by themselves, and where we differ on purpose.
import { describe, expect, it } from 'vitest';

import { checkInstruction } from '../../../../../src/stages/evaluate/instructions/index.js';
import { languageChance } from '../../../../../src/stages/evaluate/instructions/language.js';
import { languageProfiles } from '../../../../../src/stages/evaluate/instructions/language-profiles.js';
import { isCollocation } from '../../../../../src/stages/evaluate/instructions/punkt-tables.js';
import { splitSentences } from '../../../../../src/stages/evaluate/instructions/sentences.js';
import { wordTokens } from '../../../../../src/stages/evaluate/instructions/word-tokens.js';

describe('sentences', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['One. Two! Three?', ['One.', 'Two!', 'Three?']],
    ['He met Dr. Lind. She left.', ['He met Dr. Lind.', 'She left.']],
    ['(It rained.) We stayed.', ['(It rained.)', 'We stayed.']],
    ['"Stop!" he said.', ['"Stop!"', 'he said.']],
    ['Pay $2.50 to J. Abel by 3 p.m. today.', ['Pay $2.50 to J. Abel by 3 p.m. today.']],
    ['It was red. it was blue', ['It was red.', 'it was blue']],
    ['1. Review it.\n2. Paint it.', ['1. Review it.', '2.', 'Paint it.']],
    ['And then... silence.  ', ['And then... silence.']],
  ])('of %j', (text, sentences) => {
    expect(splitSentences(text)).toEqual(sentences);
  });

  it('keep together what Punkt learnt to keep together', () => {
    expect(isCollocation('##number##', 'review')).toBe(true);
    expect(isCollocation('##number##', 'paint')).toBe(false);
    expect(isCollocation('constructor', 'constructor')).toBe(false);
  });
});

describe('words', () => {
  it.each<[string, string[]]>([
    ["They cannot say who's here.", ['They', 'can', 'not', 'say', 'who', "'s", 'here', '.']],
    ['Pay $3, i.e. 2.5 EUR (now)!', ['Pay', '$', '3', ',', 'i.e', '.', '2.5', 'EUR', '(', 'now', ')', '!']],
    ["DON'T e-mail U.S. offices--call.", ['DO', "N'T", 'e-mail', 'U.S.', 'offices', '--', 'call', '.']],
  ])('of %j', (text, tokens) => {
    expect(wordTokens(text)).toEqual(tokens);
  });
});

describe('languages', () => {
  const german = 'Das Rad drehte sich am Morgen wieder, und niemand wusste, warum.';

  it('are told the same way each time', () => {
    expect(languageChance(german, 'de')).toBe(1);
    const borderline = 'no problem';
    expect(languageChance(borderline, 'en')).toBe(languageChance(borderline, 'en'));
  });

  it('cannot be told of a text without letters, which counts as following', () => {
    expect(languageChance('12:30 !', 'de')).toBeUndefined();
    expect(checkInstruction('language:response_language', { language: 'de' }, '12:30 !')).toBe(true);
  });

  it('are those of langdetect but for Catalan and Welsh', () => {
    const { languages } = languageProfiles();
    expect(languages).toHaveLength(53);
    expect(languages).not.toContain('ca');
    expect(languages).not.toContain('cy');
  });
});

describe('checkInstruction', () => {
  it('says no of an empty response, whatever is asked', () => {
    expect(checkInstruction('punctuation:no_comma', {}, ' \n\t')).toBe(false);
  });

  it('counts a sign that is no letter', () => {
    const three = { letter: '!', let_frequency: 3, let_relation: 'at least' } as const;
    expect(checkInstruction('keywords:letter_frequency', three, 'Go! Go! Go!')).toBe(true);
    expect(checkInstruction('keywords:letter_frequency', three, 'Go! Go!')).toBe(false);
  });

  it('takes keywords as texts, not as patterns', () => {
    expect(checkInstruction('keywords:existence', { keywords: ['C++ (new)'] }, 'I write c++ (NEW).')).toBe(true);
    expect(checkInstruction('keywords:existence', { keywords: ['a.c'] }, 'abc')).toBe(false);
    expect(checkInstruction('keywords:forbidden_words', { forbidden_words: ['a.c'] }, 'abc')).toBe(true);
  });
});
