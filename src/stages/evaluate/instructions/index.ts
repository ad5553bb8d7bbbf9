// The 25 instructions of IFEval by their official names, strict and loose.
import type { z } from 'zod';

import * as content from './content.js';
import * as format from './format.js';
import type { Instruction } from './instruction.js';
import * as keywords from './keywords.js';
import * as length from './length.js';
import * as letters from './letters.js';
import { isBlank, strip } from './python-text.js';
import * as whole from './whole.js';

export const instructions = {
  'change_case:capital_word_frequency': letters.capitalWordFrequency,
  'change_case:english_capital': letters.englishCapital,
  'change_case:english_lowercase': letters.englishLowercase,
  'combination:repeat_prompt': whole.repeatPrompt,
  'combination:two_responses': whole.twoResponses,
  'detectable_content:number_placeholders': content.numberOfPlaceholders,
  'detectable_content:postscript': content.postscript,
  'detectable_format:constrained_response': format.constrainedResponse,
  'detectable_format:json_format': format.jsonFormat,
  'detectable_format:multiple_sections': format.numberOfSections,
  'detectable_format:number_bullet_lists': format.numberOfBullets,
  'detectable_format:number_highlighted_sections': format.numberOfHighlights,
  'detectable_format:title': format.title,
  'keywords:existence': keywords.existence,
  'keywords:forbidden_words': keywords.forbiddenWords,
  'keywords:frequency': keywords.frequency,
  'keywords:letter_frequency': keywords.letterFrequency,
  'language:response_language': letters.responseLanguage,
  'length_constraints:nth_paragraph_first_word': length.nthParagraphFirstWord,
  'length_constraints:number_paragraphs': length.numberOfParagraphs,
  'length_constraints:number_sentences': length.numberOfSentences,
  'length_constraints:number_words': length.numberOfWords,
  'punctuation:no_comma': whole.noComma,
  'startend:end_checker': whole.endPhrase,
  'startend:quotation': whole.quotation,
} as const;

export type InstructionId = keyof typeof instructions;
export type InstructionKwargs<Id extends InstructionId> = z.output<(typeof instructions)[Id]['kwargs']>;

export const instructionIds = Object.keys(instructions) as InstructionId[];

export function isInstructionId(id: string): id is InstructionId {
  return Object.hasOwn(instructions, id);
}

/** Whether the response, as it is, follows the instruction. An empty one follows none. */
export function checkInstruction<Id extends InstructionId>(
  id: Id,
  kwargs: InstructionKwargs<Id>,
  response: string,
): boolean {
  return chanceOfAny(id, kwargs, [response]) > 0.5;
}

/** Whether the response follows the instruction as it is, without its first line, its last line or both, or one of these
 *  four without asterisks. */
export function checkLoosely<Id extends InstructionId>(
  id: Id,
  kwargs: InstructionKwargs<Id>,
  response: string,
): boolean {
  return chanceOfAny(id, kwargs, looseVariants(response)) > 0.5;
}

function looseVariants(response: string): string[] {
  const lines = response.split('\n');
  const cut = [lines.slice(1), lines.slice(0, -1), lines.slice(1, -1)].map((part) => strip(part.join('\n')));
  const variants = [response, ...cut];
  return [...new Set([...variants, ...variants.map((text) => text.replaceAll('*', ''))])];
}

/** That the official program says yes to one of the texts at least. */
function chanceOfAny<Id extends InstructionId>(
  id: Id,
  kwargs: InstructionKwargs<Id>,
  texts: readonly string[],
): number {
  const instruction = instructions[id] as Instruction<InstructionKwargs<Id>>;
  let chanceOfNone = 1;
  for (const text of texts) {
    if (isBlank(text)) continue;
    chanceOfNone *= 1 - Number(instruction.isFollowed(text, kwargs));
    if (chanceOfNone === 0) break;
  }
  return 1 - chanceOfNone;
}
