// The wording by which a pair is judged. Ours throughout; what it asks for follows Liang et al., arXiv 2408.08072, App. A:
// quality and following, each from 1 to 10, in a simple wording, a combined one, and one with worked examples.
import type { Config } from '../../config/schema.js';
import type { Prompt } from '../../engine/engine.js';
import { userTurn, type Task } from '../../shared/task-prompt.js';

export type Criterion = 'quality' | 'following';
export type Criteria = Config['assess']['criteria'];

interface Answered extends Task {
  response: string;
}

/** Asks for a grade; the model's next text is the number itself. */
export function gradePrompt(
  pair: Answered,
  criterion: Criterion,
  criteria: Criteria,
  hasChatTemplate: boolean,
): Prompt {
  const lead = criteria === 'examples' ? workedExamples(criterion) : '';
  const question = `${lead}${shownPair(pair)}\n\n${questions[criteria][criterion]}`;
  if (!hasChatTemplate) return { text: `${question}\n\n${gradeLabel} ` };
  return { messages: [{ role: 'user', content: `${question} Write the number and nothing else.` }] };
}

/** Asks which task the response answers; "" for the response asks for any task, the reference of a likelihood. */
export function backPrompt(response: string, hasChatTemplate: boolean): Prompt {
  if (!hasChatTemplate) return { text: `Answer:\n${response}\n\nTask:\n` };
  const content = `${response}\n\nThe text above is an assistant's answer. What was the task? Write the task only.`;
  return { messages: [{ role: 'user', content }] };
}

const gradeLabel = 'Grade:';

const questions: Record<Criteria, Record<Criterion, string>> = {
  simple: {
    quality: 'How good is the answer? Grade it from 1 (wrong) to 10 (right).',
    following: 'How well does the answer do what the task asks? Grade it from 1 (not at all) to 10 (fully).',
  },
  combined: {
    quality:
      'How good is the answer? Grade it with a whole number from 1 to 10. Low: it is wrong, hard to follow, wordy, or ' +
      'says things twice. High: it is right, clear and to the point, and says everything once.',
    following:
      'How well does the answer do what the task asks? Grade it with a whole number from 1 to 10. Low: it goes on with ' +
      'the task instead of answering, leaves the form that was asked for, or nobody could tell what the task wants. ' +
      'High: it answers the task itself, in the form that was asked for, and the task is clear.',
  },
  examples: {
    quality: 'How good is the answer, from 1 (bad) to 10 (good)?',
    following: 'How well does the answer do what the task asks, from 1 (not at all) to 10 (fully)?',
  },
};

function shownPair(pair: Answered): string {
  return `A task and the answer that an assistant gave.\n\nTask:\n${userTurn(pair)}\n\nAnswer:\n${pair.response}`;
}

function workedExamples(criterion: Criterion): string {
  const shown = examples.map(
    (example) => `${shownPair(example)}\n\n${questions.examples[criterion]}\n\n${gradeLabel} ${example[criterion]}`,
  );
  return `${shown.join('\n\n')}\n\n`;
}

interface Example extends Answered {
  quality: number;
  following: number;
}

/** A good answer, one on another matter, one that begins well and stops half-way. */
const examples: readonly Example[] = [
  {
    instruction: 'Name two tools that a gardener uses and say what each is for.',
    response: 'A rake gathers fallen leaves. A trowel digs small holes for bulbs and seedlings.',
    quality: 10,
    following: 10,
  },
  {
    instruction: 'Turn the sentence into the past tense.',
    input: 'The ferry leaves the harbour at noon.',
    response: 'Ferries carry people and cars across water. Many harbours have more than one.',
    quality: 2,
    following: 1,
  },
  {
    instruction: 'Give three reasons to walk to work.',
    response: 'Walking keeps you fit and costs nothing. It also',
    quality: 5,
    following: 4,
  },
];
