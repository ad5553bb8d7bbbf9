import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../../src/shared/random.js';
import { parseTasks } from '../../../../src/stages/synthesize/parse-tasks.js';

const whole = { complete: true };

/** What follows "Task 6:", and what is read from it. */
const table: { title: string; text: string; complete?: boolean; tasks: [string, string][]; unparsed?: string[] }[] = [
  {
    title: 'a list in the form of the prompt',
    text: ' Name a bird.\nInput: none\n\nTask 7: Correct it.\nInput: He go home.',
    tasks: [
      ['Name a bird.', ''],
      ['Correct it.', 'He go home.'],
    ],
  },
  {
    title: 'a last task that the length cut',
    text: ' Name a bird.\nInput: none\n\nTask 7: Correct it.\nInput: He go ho',
    complete: false,
    tasks: [['Name a bird.', '']],
    unparsed: ['unfinished'],
  },
  {
    title: 'a text that the length cut within the first task',
    text: ' Name a',
    complete: false,
    tasks: [],
    unparsed: ['unfinished'],
  },
  {
    title: 'a task without the label of the input',
    text: ' Name a bird.\n\nTask 7: Name a fish.',
    tasks: [
      ['Name a bird.', ''],
      ['Name a fish.', ''],
    ],
  },
  {
    title: 'many ways to say that there is no input',
    text: ['None', 'none.', 'no.', 'N/A', '<noinput>', '(no input)', 'No input', '-', '"None"', '[empty]', '']
      .map((input, i) => ` Name bird ${i}.\nInput: ${input}`)
      .join('\n\nTask 9:'),
    tasks: Array.from({ length: 11 }, (_, i): [string, string] => [`Name bird ${i}.`, '']),
  },
  {
    title: 'an input that only begins with none',
    text: ' Name it.\nInput: None of the birds sang.',
    tasks: [['Name it.', 'None of the birds sang.']],
  },
  {
    title: 'an input of several paragraphs',
    text: ' Sum it up.\nInput: One.\n\nTwo.',
    tasks: [['Sum it up.', 'One.\n\nTwo.']],
  },
  { title: 'chatter after "none"', text: ' Name it.\nInput: none\n\nWell, that was it.', tasks: [['Name it.', '']] },
  {
    title: 'an answer that nobody asked for',
    text: ' Name it.\nInput: a bird\nOutput: Kiwi\n',
    tasks: [['Name it.', 'a bird']],
  },
  { title: 'an instruction over two lines', text: ' Name\n  a bird.\nInput: none', tasks: [['Name a bird.', '']] },
  {
    title: 'rules between tasks',
    text: ' Name it.\nInput: x\n---\n\n***\nTask 7: Go on.\nInput: y\n```\n',
    tasks: [
      ['Name it.', 'x'],
      ['Go on.', 'y'],
    ],
  },
  { title: 'two inputs', text: ' Name it.\nInput: x\nInput: y', tasks: [], unparsed: ['several-inputs'] },
  {
    title: 'text between instruction and input',
    text: ' Name it.\n\nHere you go.\nInput: y',
    tasks: [],
    unparsed: ['stray-text'],
  },
  { title: 'nothing at all', text: '  \n', tasks: [], unparsed: ['no-instruction'] },
  {
    title: 'an empty task in between',
    text: ' Name it.\nInput: x\n\nTask 7:\n\nTask 8: Go on.',
    tasks: [
      ['Name it.', 'x'],
      ['Go on.', ''],
    ],
    unparsed: ['no-instruction'],
  },
  {
    title: 'a label within a line',
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
