// All filters by name. Their order, and which are applied where none are named, is that of the lists in src/config/filters.ts.
import type { FilterName } from '../../../config/filters.js';
import type { EvaluationIndex } from '../evaluation-index.js';
import type { Filter } from '../filter.js';
import { answerOptions } from './answer-options.js';
import { createContamination } from './contamination.js';
import { continuedTask } from './continued-task.js';
import { copiedResponse } from './copied-response.js';
import { courtesy } from './courtesy.js';
import { emptyResponse } from './empty-response.js';
import { fieldLabel } from './field-label.js';
import { foreignScript } from './foreign-script.js';
import { instructionLength } from './instruction-length.js';
import { leadingNonAscii } from './leading-non-ascii.js';
import { leadingPunctuation } from './leading-punctuation.js';
import { media } from './media.js';
import { missingInput } from './missing-input.js';
import { createNovelty } from './novelty.js';
import { paperAngleTag } from './paper-angle-tag.js';
import { paperAnswerChoices } from './paper-answer-choices.js';
import { paperCanYou } from './paper-can-you.js';
import { paperChinese } from './paper-chinese.js';
import { paperDoYou } from './paper-do-you.js';
import { paperEmpty } from './paper-empty.js';
import { paperFieldLabel } from './paper-field-label.js';
import { paperMedia } from './paper-media.js';
import { paperNoInput } from './paper-no-input.js';
import { paperNone } from './paper-none.js';
import { paperOptions } from './paper-options.js';
import { paperQuestion } from './paper-question.js';
import { paperRepeatedInput } from './paper-repeated-input.js';
import { paperResponseNoInput } from './paper-response-no-input.js';
import { paperRoleLabel } from './paper-role-label.js';
import { paperTaskNoInput } from './paper-task-no-input.js';
import { paperUrl } from './paper-url.js';
import { placeholder } from './placeholder.js';
import { refusal } from './refusal.js';
import { repeatedInput } from './repeated-input.js';
import { repetitiveResponse } from './repetitive-response.js';
import { roleLabel } from './role-label.js';
import { unfinishedResponse } from './unfinished-response.js';
import { unmetConstraint } from './unmet-constraint.js';
import { url } from './url.js';

export interface FilterOptions {
  /** ROUGE-L above which an instruction is not new. */
  novelty: number;
  /** Rows whose instructions count as known. */
  against: readonly { instruction: string }[];
  /** What `contamination` compares with; without it that filter rejects nothing. */
  evaluation?: EvaluationIndex | undefined;
}

export function createFilters({ novelty, against, evaluation }: FilterOptions): Record<FilterName, Filter> {
  return {
    ...fixedFilters,
    novelty: createNovelty(novelty, against),
    contamination: createContamination(evaluation),
  };
}

const fixedFilters: Record<Exclude<FilterName, 'novelty' | 'contamination'>, Filter> = {
  'instruction-length': instructionLength,
  'leading-punctuation': leadingPunctuation,
  'leading-non-ascii': leadingNonAscii,
  media,
  placeholder,
  'field-label': fieldLabel,
  url,
  'repeated-input': repeatedInput,
  'missing-input': missingInput,
  'empty-response': emptyResponse,
  'unfinished-response': unfinishedResponse,
  'role-label': roleLabel,
  'continued-task': continuedTask,
  'answer-options': answerOptions,
  'foreign-script': foreignScript,
  'repetitive-response': repetitiveResponse,
  'copied-response': copiedResponse,
  courtesy,
  refusal,
  'unmet-constraint': unmetConstraint,
  'paper-media': paperMedia,
  'paper-no-input': paperNoInput,
  'paper-field-label': paperFieldLabel,
  'paper-url': paperUrl,
  'paper-role-label': paperRoleLabel,
  'paper-answer-choices': paperAnswerChoices,
  'paper-response-no-input': paperResponseNoInput,
  'paper-can-you': paperCanYou,
  'paper-do-you': paperDoYou,
  'paper-question': paperQuestion,
  'paper-options': paperOptions,
  'paper-chinese': paperChinese,
  'paper-task-no-input': paperTaskNoInput,
  'paper-angle-tag': paperAngleTag,
  'paper-none': paperNone,
  'paper-repeated-input': paperRepeatedInput,
  'paper-empty': paperEmpty,
};
