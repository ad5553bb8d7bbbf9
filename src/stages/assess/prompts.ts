// The wording by which a pair is judged. Ours throughout; what it asks for follows Liang et al., arXiv 2408.08072, App. A:
// quality and following, each from 1 to 10, in a simple wording, a combined one, and one with worked examples.
//
// What requests share comes first, since equal beginnings are computed once: what is asked for, which is the same for all
// pairs, then the pair, and last the few words that ask for one of the two grades.
import type { Config } from '../../config/schema.js';
import type { Prompt } from '../../engine/engine.js';
import { userTurn, type Task } from '../../shared/task-prompt.js';

export type Criterion = 'quality' | 'following';
export type Criteria = Config['assess']['criteria'];

/** In the order in which they are asked for. */
export const criterions: readonly Criterion[] = ['quality', 'following'];

interface Answered extends Task {
  response: string;
}

/** How many ways there are to say the same: three choices of order, which should not change a grade. */
export const variations = 8;

/** Asks for one grade; the model's next text is the number itself. `variation`: 0 to 7, the order in which the criteria,
 *  the ends of the scale, and task and answer are shown. */
export function gradePrompt(
  pair: Answered,
  criterion: Criterion,
  criteria: Criteria,
  hasChatTemplate: boolean,
  variation = 0,
): Prompt {
  const shown = `${frame(criteria, variation)}\n\n${shownPair(pair, variation)}`;
  if (!hasChatTemplate) return { text: `${shown}\n\n${verdict(criterion)}` };
  const content = `${shown}\n\nWrite only a number from 1 to 10, the grade for ${criterion}`;
  return { messages: [{ role: 'user', content }] };
}

/** Asks which task the response answers; "" for the response asks for any task, the reference of a likelihood. */
export function backPrompt(response: string, hasChatTemplate: boolean): Prompt {
  if (!hasChatTemplate) return { text: `Answer:\n${response}\n\nTask:\n` };
  const content = `${response}\n\nThe text above is an assistant's answer. What was the task? Write the task only.`;
  return { messages: [{ role: 'user', content }] };
}

/** A grade follows it: of small base models a third and more of the probability is then on numbers, and of the shorter
 *  "Quality:" next to nothing. */
function verdict(criterion: Criterion): string {
  return `The grade from 1 to 10 for ${criterion} is`;
}

/** The two ends of a scale, 1 and 10. */
interface Scale {
  low: string;
  high: string;
}

const scales: Record<Criteria, Record<Criterion, Scale>> = {
  simple: {
    quality: { low: 'the answer is wrong', high: 'the answer is right' },
    following: { low: 'the answer does nothing that the task asks', high: 'the answer does all that the task asks' },
  },
  combined: {
    quality: {
      low: 'the answer is wrong, hard to follow, wordy, or says things twice',
      high: 'the answer is right, clear and to the point, and says everything once',
    },
    following: {
      low:
        'the answer goes on with the task instead of answering it, leaves the form that was asked for, or nobody could ' +
        'tell what the task wants',
      high: 'the answer is one to the task itself, in the form that was asked for, and the task is clear',
    },
  },
  examples: {
    quality: { low: 'the answer is bad', high: 'the answer is good' },
    following: { low: 'the answer misses the task', high: 'the answer does what the task asks' },
  },
};

function frame(criteria: Criteria, variation: number): string {
  const lines = inOrder(criterions, variation, 1).map((criterion) => {
    const { low, high } = scales[criteria][criterion];
    const ends = inOrder([`1: ${low}.`, `10: ${high}.`], variation, 2);
    return `The grade for ${criterion}. ${ends.join(' ')}`;
  });
  const asked = `An assistant was given a task. Its answer gets two grades, whole numbers from 1 to 10.\n${lines.join('\n')}`;
  return criteria === 'examples' ? `${asked}\n\n${workedExamples(variation)}` : asked;
}

function shownPair(pair: Answered, variation: number): string {
  return inOrder([`Task:\n${userTurn(pair)}`, `Answer:\n${pair.response}`], variation, 4).join('\n\n');
}

/** As they are, or the other way round where `variation` has the bit. */
function inOrder<T>(items: readonly T[], variation: number, bit: number): readonly T[] {
  return (variation & bit) === 0 ? items : [...items].reverse();
}

function workedExamples(variation: number): string {
  const shown = examples.map((example) => {
    const grades = inOrder(criterions, variation, 1).map((criterion) => `${verdict(criterion)} ${example[criterion]}.`);
    return `${shownPair(example, variation)}\n\n${grades.join('\n')}`;
  });
  return shown.join('\n\n');
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
