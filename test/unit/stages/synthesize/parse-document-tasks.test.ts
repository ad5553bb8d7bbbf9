import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../../src/shared/random.js';
import { documentTaskGrammar } from '../../../../src/stages/synthesize/document-grammar.js';
import { documentPrompt } from '../../../../src/stages/synthesize/document-prompts.js';
import { parseDocumentTasks } from '../../../../src/stages/synthesize/parse-document-tasks.js';
import { Gbnf } from '../../../support/gbnf.js';

const passage = 'The ferry leaves at noon.\nIt takes forty people and six bicycles.';

describe('parseDocumentTasks', () => {
  it.each<[string, string, string[], string[]]>([
    ['one task', 'Task: Say when the ferry leaves.', ['Say when the ferry leaves.'], []],
    [
      'several',
      'Task: Say when it leaves.\nTask: Count the bicycles.',
      ['Say when it leaves.', 'Count the bicycles.'],
      [],
    ],
    ['numbers', 'Task 1: Say when.\n\n Task 2: Count them.', ['Say when.', 'Count them.'], []],
    ['an introduction', 'Here they are:\n\nTask: Count them.', ['Count them.'], []],
    ['lines that belong together', 'Task: Make a list of\n  all vehicles.', ['Make a list of all vehicles.'], []],
    [
      'an answer that was not asked for',
      'Task: Say when.\nAnswer: At noon.\nTask: Count.',
      ['Say when.', 'Count.'],
      [],
    ],
    ['a next text', 'Task: Say when.\n\nText 7:\nBees fly.\nTask: Count the bees.', ['Say when.'], []],
    ['a task that is a piece of the passage', 'Task: It takes forty people', [], ['copied-passage']],
    ['a piece over two lines', 'Task: at noon. It takes', [], ['copied-passage']],
    ['a task with another text', 'Task: Translate.\nInput: Bees fly.', [], ['other-input']],
    ['a stray text', 'Task: Translate.\n\nBees fly.', [], ['stray-text']],
    ['nothing behind the label', 'Task:\nTask: ---\nTask: Count.', ['Count.'], ['no-instruction', 'no-instruction']],
    ['no task', 'The ferry is late.', [], ['no-task']],
    ['a next text at once', '\nText 3:\nTask: Count.', [], ['no-task']],
    ['no text', '', [], ['no-task']],
  ])('reads %s', (_, text, instructions, unparsed) => {
    const parsed = parseDocumentTasks(text, passage, true);
    expect(parsed.tasks.map(({ instruction }) => instruction)).toEqual(instructions);
    expect(parsed.unparsed).toEqual(unparsed);
  });

  it('drops the last task of a text that reached its length, and no other', () => {
    const { tasks, unparsed } = parseDocumentTasks('Task: Say when it leaves.\nTask: Count the', passage, false);
    expect(tasks).toEqual([{ number: 1, instruction: 'Say when it leaves.' }]);
    expect(unparsed).toEqual(['unfinished']);
    expect(parseDocumentTasks('Task: Say when.\n\nText 4:\nBees', passage, false).unparsed).toEqual([]);
  });
});

describe('the grammar of tasks on a passage', () => {
  it('writes nothing that the parser cannot read', () => {
    const characters = [
      ...Array.from('TextIasOuk:-=*_#`"(6 9.ä\u00A0\u3000\t\r\n\u2028\v'),
      'Task:',
      'Text 3:',
      '\n\n',
      '\n',
    ];
    const random = randomStream(5);
    for (const opening of ['', 'Task:']) {
      const { stop } = documentPrompt([], passage, 3, opening === '' ? 'chat' : 'raw');
      const grammar = new Gbnf(documentTaskGrammar(opening, 3));
      for (let i = 0; i < 3000; i++) {
        const written = grammar.write(random, characters);
        const ends = stop.map((text) => written.indexOf(text)).filter((end) => end >= 0);
        const text = opening + (ends.length === 0 ? written : written.slice(0, Math.min(...ends)));
        const { tasks, unparsed } = parseDocumentTasks(text, 'ß', true);
        expect({ text, unparsed }).toEqual({ text, unparsed: [] });
        expect(tasks.length).toBeGreaterThan(0);
        expect(tasks.length).toBeLessThanOrEqual(3);
      }
    }
  });
});
