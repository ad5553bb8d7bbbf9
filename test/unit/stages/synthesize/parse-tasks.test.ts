import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../../src/shared/random.js';
import { parseTasks } from '../../../../src/stages/synthesize/parse-tasks.js';

const whole = { complete: true };

/** What follows "Task 6:", and what is read from it. */
// The parsing rules of arXiv 2408.08072's code by their numbers in its order, in our form of the list: (1) the text is split
// at the marks between tasks, and its last piece is dropped, here only where it was cut off; (2) a piece is one instruction
// and one input under the list's number, or dropped; here an input may be missing, and a number is what the model gave; (3) an
// input that says that there is none is empty. What follows there, lengths and words, are filters (stages/filter).
const table: { title: string; text: string; complete?: boolean; tasks: [string, string][]; unparsed?: string[] }[] = [
  {
    title: '(1, 2) a list in the form of the prompt',
    text: ' Name a bird.\nInput: none\n\nTask 7: Correct it.\nInput: He go home.',
    tasks: [
      ['Name a bird.', ''],
      ['Correct it.', 'He go home.'],
    ],
  },
  {
    title: '(1) a last task that the length cut',
    text: ' Name a bird.\nInput: none\n\nTask 7: Correct it.\nInput: He go ho',
    complete: false,
    tasks: [['Name a bird.', '']],
    unparsed: ['unfinished'],
  },
  {
    title: '(1) a text that the length cut within the first task',
    text: ' Name a',
    complete: false,
    tasks: [],
    unparsed: ['unfinished'],
  },
  {
    title: '(2) a task without the label of the input',
    text: ' Name a bird.\n\nTask 7: Name a fish.',
    tasks: [
      ['Name a bird.', ''],
      ['Name a fish.', ''],
    ],
  },
  {
    title: '(3) many ways to say that there is no input',
    text: ['None', 'none.', 'no.', 'N/A', '<noinput>', '(no input)', 'No input', '-', '"None"', '[empty]', '']
      .map((input, i) => ` Name bird ${i}.\nInput: ${input}`)
      .join('\n\nTask 9:'),
    tasks: Array.from({ length: 11 }, (_, i): [string, string] => [`Name bird ${i}.`, '']),
  },
  {
    title: '(3) an input that only begins with none',
    text: ' Name it.\nInput: None of the birds sang.',
    tasks: [['Name it.', 'None of the birds sang.']],
  },
  {
    title: '(2) an input of several paragraphs',
    text: ' Sum it up.\nInput: One.\n\nTwo.',
    tasks: [['Sum it up.', 'One.\n\nTwo.']],
  },
  {
    title: '(3) chatter after "none"',
    text: ' Name it.\nInput: none\n\nWell, that was it.',
    tasks: [['Name it.', '']],
  },
  {
    title: '(2) an answer that nobody asked for',
    text: ' Name it.\nInput: a bird\nOutput: Kiwi\n',
    tasks: [['Name it.', 'a bird']],
  },
  { title: '(2) an instruction over two lines', text: ' Name\n  a bird.\nInput: none', tasks: [['Name a bird.', '']] },
  {
    title: '(1) rules between tasks',
    text: ' Name it.\nInput: x\n---\n\n***\nTask 7: Go on.\nInput: y\n```\n',
    tasks: [
      ['Name it.', 'x'],
      ['Go on.', 'y'],
    ],
  },
  { title: '(2) two inputs', text: ' Name it.\nInput: x\nInput: y', tasks: [], unparsed: ['several-inputs'] },
  {
    title: '(2) text between instruction and input',
    text: ' Name it.\n\nHere you go.\nInput: y',
    tasks: [],
    unparsed: ['stray-text'],
  },
  { title: '(2) nothing at all', text: '  \n', tasks: [], unparsed: ['no-instruction'] },
  {
    title: '(2) an empty task in between',
    text: ' Name it.\nInput: x\n\nTask 7:\n\nTask 8: Go on.',
    tasks: [
      ['Name it.', 'x'],
      ['Go on.', ''],
    ],
    unparsed: ['no-instruction'],
  },
  {
    title: '(1) a last task that ended by itself',
    text: ' Name a bird.\nInput: none\n\nTask 7: Name a fish.\nInput: none',
    tasks: [
      ['Name a bird.', ''],
      ['Name a fish.', ''],
    ],
  },
  {
    title: '(1) a next task on the same line',
    text: ' Name a bird.\nInput: none Task 7: Name a fish.\nInput: none',
    tasks: [],
    unparsed: ['several-inputs'],
  },
  {
    title: '(2) labels in other cases, and blanks before them',
    text: ' Name a bird.\n  INPUT: an owl\n\n  Task 7: Name a fish.\n\tinput:a cod',
    tasks: [
      ['Name a bird.', 'an owl'],
      ['Name a fish.', 'a cod'],
    ],
  },
  {
    title: '(2) an input that stands under its label',
    text: ' Sort them.\nInput:\nowl\nemu',
    tasks: [['Sort them.', 'owl\nemu']],
  },
  {
    title: '(2) an input and no instruction',
    text: '\nInput: owl, emu',
    tasks: [],
    unparsed: ['no-instruction'],
  },
  {
    title: '(2) other words for the labels',
    text: ' Name a bird.\nContext: an owl\nQuestion 7: Name a fish.',
    tasks: [['Name a bird. Context: an owl Question 7: Name a fish.', '']],
  },
  {
    title: '(2) an answer in the place of the input',
    text: ' Name a bird.\nAnswer: an owl\nInput: what?\n\nTask 7: Name a fish.\nInput: none',
    tasks: [
      ['Name a bird.', ''],
      ['Name a fish.', ''],
    ],
  },
  {
    title: '(2) windows line ends',
    text: ' Name a bird.\r\nInput: none\r\n\r\nTask 7: Name a fish.\r\nInput: a\r\n',
    tasks: [
      ['Name a bird.', ''],
      ['Name a fish.', 'a'],
    ],
  },
  {
    title: '(3) the marker of the released code in any case',
    text: ' Name a bird.\nInput: <NoInput>\n\nTask 7: Name a fish.\nInput: <noinput> or not',
    tasks: [
      ['Name a bird.', ''],
      ['Name a fish.', '<noinput> or not'],
    ],
  },
  {
    title: '(2) a label within a line',
    text: ' Explain "Task 3:" and "Input: x" here.\nInput: none',
    tasks: [['Explain "Task 3:" and "Input: x" here.', '']],
  },
];

describe('parseTasks', () => {
  it('tells of a text without any task, and leaves out what stands before the first', () => {
    expect(parseTasks('Sure! Here is a list.\n1. Name a bird.', whole)).toEqual({ tasks: [], unparsed: ['no-task'] });
    expect(parseTasks('Sure!\n\nTask 6: Name a bird.', whole)).toMatchObject({
      tasks: [{ number: 6, instruction: 'Name a bird.' }],
      unparsed: [],
    });
  });

  it.each(table)('reads $title', ({ text, complete, tasks, unparsed }) => {
    const parsed = parseTasks(`Task 6:${text}`, { complete: complete ?? true });
    expect(parsed.tasks.map(({ instruction, input }) => [instruction, input])).toEqual(tasks);
    expect(parsed.unparsed).toEqual(unparsed ?? []);
  });

  describe('where tasks have outputs', () => {
    const form = { complete: false, hasOutputs: true };

    it('takes a last task that was cut within its output, and none that was cut before', () => {
      const list =
        'Task 6: Name it.\nInput: x\nOutput: Kiwi\n\nInput: no label of this task\n\nTask 7: Sort it.\nInput: y';
      expect(parseTasks(`${list}\nOutput: a`, form)).toMatchObject({
        tasks: [
          { instruction: 'Name it.', input: 'x' },
          { instruction: 'Sort it.', input: 'y' },
        ],
        unparsed: [],
      });
      expect(parseTasks(list, form)).toMatchObject({ tasks: [{ number: 6 }], unparsed: ['unfinished'] });
    });

    it('does not take it where outputs were not asked for', () => {
      const text = 'Task 6: Name it.\nInput: x\nOutput: Ki';
      expect(parseTasks(text, { complete: false })).toEqual({ tasks: [], unparsed: ['unfinished'] });
    });
  });

  describe('where tasks have topics', () => {
    const read = (text: string) => parseTasks(`Task 6:${text}`, { complete: true, hasTopics: true });

    it.each([
      ['both labels', '\nTopic: old bridges \nInstruction: Name one.\nInput: none', 'old bridges'],
      ['labels in other cases', '\n topic:bridges\n\n INSTRUCTION: Name one.', 'bridges'],
      ['another number of instructions', '\nTopic: bridges\nInstructions: Name one.', 'bridges'],
      ['no labels', ' Name one.\nInput: none', undefined],
      ['no topic', '\nInstruction: Name one.\nInput: none', undefined],
      ['an empty topic', '\nTopic:\nInstruction: Name one.\nInput: none', undefined],
    ])('reads a task with %s', (_, text, topic) => {
      expect(read(text)).toEqual({
        tasks: [{ number: 6, ...(topic && { topic }), instruction: 'Name one.', input: '' }],
        unparsed: [],
      });
    });

    it.each([
      ['no instruction after the topic', '\nTopic: bridges\nInput: none'],
      ['nothing in the instruction', '\nTopic: bridges\nInstruction:\nInput: none'],
    ])('leaves out a task with %s', (_, text) => {
      expect(read(text)).toEqual({ tasks: [], unparsed: ['no-instruction'] });
    });
  });

  it('keeps the numbers that the model gave', () => {
    const list = 'Task 6: Name a bird.\n\nTask 3: Name a fish.\n\nTask 12: Name a tree.';
    const parsed = parseTasks(list, whole);
    expect(parsed.tasks.map((task) => task.number)).toEqual([6, 3, 12]);
  });

  it('reads anything: every piece is a task or has a reason', () => {
    const random = randomStream(7);
    const pieces = [
      '\nTask 7:',
      'Task 8:',
      '\nInput:',
      'Input: ',
      'none',
      ' ',
      '\n',
      '\n\n',
      'Name it.',
      '\nOutput:',
      '---',
      '###',
      '\u0000',
      '\ud800',
      '中',
      '```',
      '99999999999',
      '\r\n',
    ];
    for (let i = 0; i < 3000; i++) {
      const text = Array.from(
        { length: Math.floor(random() * 14) },
        () => pieces[Math.floor(random() * pieces.length)],
      ).join('');
      const complete = random() < 0.5;
      const { tasks, unparsed } = parseTasks(`Task 6:${text}`, { complete });
      const headers = `Task 6:${text}`.match(/^[^\S\n]*Task \d{1,9}:/gm)?.length;
      expect(tasks.length + unparsed.length, JSON.stringify(text)).toBe(headers);
      expect(unparsed.includes('unfinished')).toBe(!complete);
      for (const { instruction, input } of tasks) {
        expect(instruction).toMatch(/^\S[^\n]*$/u);
        expect(input).toBe(input.trim());
      }
    }
  });

  it('stays quick on long texts without structure', () => {
    const start = performance.now();
    for (const filler of ['\n', ' ', '-', 'a ', 'Task ', 'Input', '\n \n'])
      parseTasks(`Task 6:${filler.repeat(20_000)}`, whole);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
