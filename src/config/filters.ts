// The names of all filters with what each rejects, and the named lists of them in the order in which they are applied.
// Names stand here since a configuration is checked before any work; what a filter does stands in src/stages/filter/filters/.

/** In the order of the reference. `paper-…` is a rule of arXiv 2408.08072 as it is, where our own differs. */
export const filterDescriptions = {
  'instruction-length': 'an instruction of fewer than 4 or more than 150 words',
  'leading-punctuation': 'an instruction that starts with a punctuation mark',
  'leading-non-ascii': 'an instruction whose first character is not ASCII',
  media: 'a task about images, files, sounds and the like',
  placeholder: 'a left-over "noinput", a tag in angle brackets, a blank such as [insert text]',
  'field-label': "another field's label within the task",
  url: 'a web address in the task',
  'repeated-input': 'an input that stands in the instruction word for word',
  'missing-input': 'an instruction that speaks of a text that is not there',
  novelty: 'an instruction too close to an earlier one, by ROUGE-L',
  'empty-response': 'a response without a visible character',
  'unfinished-response': 'a response that was cut off at its length',
  'role-label': "a response that goes on with another speaker's turn",
  'continued-task': 'a response that goes on with another task or question',
  'answer-options': 'a response that lists answer options nobody asked for',
  'foreign-script': 'Chinese, Japanese or Korean characters that the task does not ask for',
  'repetitive-response': 'a response that goes round in circles',
  'copied-response': 'a response that copies its task',
  courtesy: 'a response that begins by being glad to help',
  refusal: 'a response that declines, rightly or not, or speaks of itself as a model',
  'unmet-constraint': 'a response that misses a constraint of its instruction; always applied to such pairs',
  contamination: 'a task or a pair that shares a run of words with an evaluation file',
  'paper-media': "media in the paper's words: not videos, flowcharts, diagrams",
  'paper-no-input': '"noinput" in the task, or "no input" in the input',
  'paper-field-label': 'a label such as "Input:" after white space in the task',
  'paper-url': '"http:" or "https:" in the task',
  'paper-role-label': 'a response with a line that begins with a label such as "User:" or is one',
  'paper-answer-choices': 'a response with "Answer Choices:"',
  'paper-response-no-input': 'a response with "noinput" or "no input"',
  'paper-can-you': 'a response with a line that begins with "can you"',
  'paper-do-you': 'a response with "do you " and more of the line',
  'paper-question': 'a response with a blank line and then a "?" behind at most 100 characters',
  'paper-options': 'a response with a letter A to E before a full stop or in brackets; also "e.g."',
  'paper-chinese': 'a response with a Chinese character',
  'paper-task-no-input': 'a pair whose task has "noinput" or "no input"',
  'paper-angle-tag': 'a pair whose task has a tag of 1 to 20 characters in angle brackets',
  'paper-none': 'a pair whose task has "none"; also "nonetheless"',
  'paper-repeated-input': 'a pair whose input stands in the instruction, white space included',
  'paper-empty': 'a response without any character',
} as const;

export type FilterName = keyof typeof filterDescriptions;

/** What is cheap first, novelty last of those that look at the task alone. */
const defaultList = [
  'instruction-length',
  'leading-punctuation',
  'leading-non-ascii',
  'media',
  'placeholder',
  'field-label',
  'url',
  'repeated-input',
  'missing-input',
  'novelty',
  'empty-response',
  'unfinished-response',
  'role-label',
  'continued-task',
  'answer-options',
  'foreign-script',
  'repetitive-response',
  'copied-response',
  'courtesy',
  'refusal',
] as const satisfies readonly FilterName[];

/** The two rule filters of arXiv 2408.08072 and their order, from its code: on candidates, then on pairs. */
const paperList = [
  'instruction-length',
  'paper-media',
  'leading-punctuation',
  'leading-non-ascii',
  'paper-no-input',
  'paper-field-label',
  'paper-url',
  'novelty',
  'paper-role-label',
  'paper-answer-choices',
  'paper-response-no-input',
  'paper-can-you',
  'paper-do-you',
  'paper-question',
  'paper-options',
  'paper-chinese',
  'paper-task-no-input',
  'paper-angle-tag',
  'paper-none',
  'paper-repeated-input',
  'paper-empty',
] as const satisfies readonly FilterName[];

/** Names that stand for several filters. */
export const filterLists = { default: defaultList, paper: paperList } as const;

export type FilterRule = FilterName | keyof typeof filterLists;

export const filterNames = Object.keys(filterDescriptions) as FilterName[];
export const filterRules: readonly FilterRule[] = [
  ...(Object.keys(filterLists) as (keyof typeof filterLists)[]),
  ...filterNames,
];

/** The filters in the order to apply, lists in the place of their names; one that is named again is applied once. */
export function namedFilters(rules: readonly FilterRule[]): FilterName[] {
  return [...new Set(rules.flatMap((rule) => (isList(rule) ? filterLists[rule] : rule)))];
}

function isList(rule: FilterRule): rule is keyof typeof filterLists {
  return Object.hasOwn(filterLists, rule);
}
