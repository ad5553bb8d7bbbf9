// All filters in their default order: what is cheap first, novelty last of those that look at the task alone.
import type { Filter } from '../filter.js';
import { answerOptions } from './answer-options.js';
import { continuedTask } from './continued-task.js';
import { copiedResponse } from './copied-response.js';
import { emptyResponse } from './empty-response.js';
import { fieldLabel } from './field-label.js';
import { foreignScript } from './foreign-script.js';
import { instructionLength } from './instruction-length.js';
import { leadingNonAscii } from './leading-non-ascii.js';
import { leadingPunctuation } from './leading-punctuation.js';
import { media } from './media.js';
import { missingInput } from './missing-input.js';
import { createNovelty } from './novelty.js';
import { paperResponse } from './paper-response.js';
import { paperTask } from './paper-task.js';
import { placeholder } from './placeholder.js';
import { repeatedInput } from './repeated-input.js';
import { repetitiveResponse } from './repetitive-response.js';
import { roleLabel } from './role-label.js';
import { unfinishedResponse } from './unfinished-response.js';
import { unmetConstraint } from './unmet-constraint.js';
import { url } from './url.js';

export interface NoveltyOptions {
  /** ROUGE-L above which an instruction is not new. */
  novelty: number;
  /** Rows whose instructions count as known. */
  against: readonly { instruction: string }[];
}

/** The filters that are applied where none are named, in their order. */
export function defaultFilters(options: NoveltyOptions): Filter[] {
  return [
    instructionLength,
    leadingPunctuation,
    leadingNonAscii,
    media,
    placeholder,
    fieldLabel,
    url,
    repeatedInput,
    missingInput,
    createNovelty(options.novelty, options.against),
    emptyResponse,
    unfinishedResponse,
    roleLabel,
    continuedTask,
    answerOptions,
    foreignScript,
    repetitiveResponse,
    copiedResponse,
  ];
}

/** Filters that are applied even where rules are named and they are not among them. */
export const alwaysApplied: readonly Filter[] = [unmetConstraint];

/** Filters that are applied only where they are named. */
export const furtherFilters: readonly Filter[] = [paperTask, paperResponse];
