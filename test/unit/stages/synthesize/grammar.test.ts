// The grammar of constrained synthesis beside the parser and the prompts that it must agree with.
import { describe, expect, it } from 'vitest';

import { randomStream } from '../../../../src/shared/random.js';
import { taskListGrammar } from '../../../../src/stages/synthesize/grammar.js';
import { loadSeeds } from '../../../../src/shared/load-seeds.js';
import { parseTasks } from '../../../../src/stages/synthesize/parse-tasks.js';
import { metaPrompt } from '../../../../src/stages/synthesize/prompts.js';
import { Gbnf } from '../../../support/gbnf.js';

const grammarOf3 = (showOutputs: boolean, opening = 'Task 6:', hasTopics = false) =>
  new Gbnf(taskListGrammar(opening, 6, { maxTasks: 3, showOutputs }, hasTopics));
const listOf3 = grammarOf3(false).toRegExp();
const answeredListOf3 = grammarOf3(true).toRegExp();

describe('the grammar of a list', () => {
  it.each([
    ['plain tasks', false, false],
    ['tasks with outputs', true, false],
    ['tasks with topics', false, true],
  ])('writes nothing that the parser cannot read: %s', (_, showOutputs, hasTopics) => {
    const characters = [
      ...Array.from('InputOutSolrw:TaskR-=*_#`<"(6 9.äß\u00A0\u3000\t\r\n\u2028\v'),
      'none',
      '###',
      'Task 7:',
      '\n\n',
    ];
    const random = randomStream(5);
    for (const opening of ['', hasTopics ? 'Task 6:\nTopic: bees\nInstruction:' : 'Task 6:']) {
      const form = opening === '' ? 'chat' : 'raw';
      const { stop } = metaPrompt(loadSeeds().slice(0, 5), { maxTasks: 3, form, showOutputs });
      const grammar = grammarOf3(showOutputs, opening, hasTopics);
      for (let i = 0; i < 3000; i++) {
        const written = grammar.write(random, characters);
        const ends = stop.map((text) => written.indexOf(text)).filter((end) => end >= 0);
        const text = opening + (ends.length === 0 ? written : written.slice(0, Math.min(...ends)));
        const { tasks, unparsed } = parseTasks(text, { complete: true, hasOutputs: showOutputs, hasTopics });
        expect({ text, unparsed }).toEqual({ text, unparsed: [] });
        expect(tasks.map(({ number }) => number)).toEqual([6, 7, 8].slice(0, tasks.length));
        expect(tasks.every(({ instruction }) => instruction !== '')).toBe(true);
      }
    }
  });

  it('allows every seed task as the prompts show it', () => {
    for (const seed of loadSeeds()) {
      for (const [showOutputs, list] of [
        [false, listOf3],
        [true, answeredListOf3],
      ] as const) {
        const { text } = metaPrompt([seed], { maxTasks: 1, form: 'raw', showOutputs });
        const [, shown = ''] = /\n\nTask 1:([^]*)\n\nTask 2:$/.exec(text) ?? [];
        expect(shown).toMatch(list);
        expect(`${shown}\n\nTask 7:${shown}`).toMatch(list);
      }
    }
  });

  it.each([
    ['a list that goes on', ' A bird.\nInput: none\n\nTask 7: Two.\nInput:\nSeveral\n  lines: of text', true],
    [
      'words that begin like labels',
      ' Inputs and outputs: which?\nInput: none\nInput it\nTask force\nSo: lution',
      true,
    ],
    ['a wrong number', ' A bird.\nInput: none\n\nTask 9: Two.\nInput: none', false],
    ['no input', ' A bird.\n\nTask 7: Two.\nInput: none', false],
    ['a second input', ' A bird.\nInput: one\n input: two', false],
    ['an answer', ' A bird.\nInput: one\nOutput: Kiwi', false],
    ['a label in place of the instruction', ' Input: one\nInput: two', false],
    ['an instruction of marks', ' ---\nInput: one', false],
    ['too many tasks', ['', 7, 8, 9].map((n) => `${n && `Task ${n}:`} A\nInput: b`).join('\n\n'), false],
  ])('has %s or not', (_, text, allowed) => {
    expect(listOf3.test(text)).toBe(allowed);
  });

  it('of tasks with topics asks for the topic of each', () => {
    const list = grammarOf3(false, 'Task 6:\nTopic: bees\nInstruction:', true).toRegExp();
    const next = '\n\nTask 7:\nTopic: tides\nInstruction: B\nInput: c';
    expect(list.test(` A bird.\nInput: none${next}`)).toBe(true);
    expect(list.test(' A bird.\nInput: none\n\nTask 7: B\nInput: c')).toBe(false);
    expect(grammarOf3(false, '', true).toRegExp().test(`Task 6:\nTopic: bees\nInstruction: A\nInput: b${next}`)).toBe(
      true,
    );
  });

  it.each([
    ['an answer', ' A bird.\nInput: none\nOutput: Kiwi', true],
    [
      'an answer of several paragraphs',
      ' A letter.\nInput: none\nOutput: Dear you,\n\nThanks.\n\nTask 7: B\nInput: c\nOutput: d',
      true,
    ],
    ['no answer', ' A bird.\nInput: none', false],
    ['a second answer', ' A bird.\nInput: none\nOutput: Kiwi\nOutput: Emu', false],
  ])('of tasks with outputs has %s or not', (_, text, allowed) => {
    expect(answeredListOf3.test(text)).toBe(allowed);
  });
});
