// The reason codes of all filters. They are stable: scripts count them, the summary of a run prints them.
import type { FilterName } from '../../config/filters.js';

export const reasons = {
  'too-short': 'the instruction has too few words',
  'too-long': 'the instruction has too many words',
  'needs-media': 'the task is about an image, a file, a sound or the like',
  'starts-with-punctuation': 'the instruction starts with a punctuation mark',
  'starts-with-non-ascii': 'the instruction starts with a character outside ASCII',
  'no-input-marker': 'a marker for "no input" was left in the task',
  'angle-tag': 'the task has a tag in angle brackets',
  'unfilled-blank': 'the task has a blank to be filled in, such as [insert text]',
  'field-label': 'the label of a field was left in the task',
  url: 'the task has a web address',
  'repeated-input': 'the input stands in the instruction word for word',
  'missing-input': 'the instruction speaks of an input that is not there',
  'not-new': 'the instruction is too close to an earlier one',
  'empty-response': 'there is no response',
  'unfinished-response': 'the response reached its length before it ended',
  'role-label': 'the response goes on with another turn',
  'continued-task': 'the response goes on with another task',
  'answer-options': 'the response lists answer options',
  'foreign-script': 'the response is in a script that the task does not ask for',
  'repetitive-response': 'the response repeats itself',
  'unmet-constraint': 'the response does not meet a constraint of its instruction',
  'copied-response': 'the response copies the task',
  courtesy: 'the response begins by being glad to help',
  refusal: 'the response declines, or speaks of itself as a model',
  contaminated: 'a run of words is in an evaluation file too',
} as const;

/** A rule of the paper as it is has one reason, and that is its name. */
export type Reason = keyof typeof reasons | Extract<FilterName, `paper-${string}`>;
