// Text that a model of perfect manners might have written: made from a seed alone, in the form that the stages ask for.
import { deriveSeed, randomStream } from '../../src/shared/random.js';

const syllables = 'ba de fi go lu ma ne pi ro su ta ve wi xo ya zu ker lom nat pir'.split(' ');

const nextTask = /Task (\d+):(\nTopic: .*\nInstruction:)?\s*$/;

/** Whether it is a prompt of synthesis: a list that goes on with a task. */
export function isTaskList(prompt: string): boolean {
  return nextTask.test(prompt) || prompt.endsWith('\nTask:');
}

/** The text that follows a synthesis prompt: as many tasks as `n`, numbered on from the prompt's last line; or one on the
 *  passage that it shows. */
export function fakeTasks(prompt: string, seed: number, n = 3): string {
  if (prompt.endsWith('\nTask:')) return ` ${fakeSentence(deriveSeed(seed, 'instruction', 0), 9)}`;
  const [, number, labels = ''] = nextTask.exec(prompt) ?? [];
  const first = Number(number ?? NaN);
  if (Number.isNaN(first)) throw new Error(`not a synthesis prompt: ${prompt.slice(-80)}`);
  const tasks = Array.from({ length: n }, (_, i) => {
    const random = randomStream(deriveSeed(seed, 'task', i));
    const input = random() < 0.5 ? 'none' : fakeSentence(deriveSeed(seed, 'input', i), 6);
    return ` ${fakeSentence(deriveSeed(seed, 'instruction', i), 9)}\nInput: ${input}`;
  });
  return tasks.map((task, i) => (i === 0 ? task : `Task ${first + i}:${labels}${task}`)).join('\n\n') + '\n';
}

/** A sentence of `words` invented words. */
export function fakeSentence(seed: number, words: number): string {
  const random = randomStream(seed);
  const pick = () => syllables[Math.floor(random() * syllables.length)] ?? '';
  const text = Array.from({ length: words }, () => `${pick()}${pick()}${pick()}`).join(' ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
