import { describe, expect, it } from 'vitest';

import { filterLists } from '../../../../src/config/filters.js';
import { EvaluationIndex } from '../../../../src/stages/filter/evaluation-index.js';
import { applyScreen, createScreen } from '../../../../src/stages/filter/screen.js';

const bread = { instruction: 'Describe how bread is made in a small bakery.' };
const breadAgain = { instruction: 'Describe how bread is made in a large bakery.' };

describe('a screen', () => {
  it('gives verdicts in order and stops at the first that rejects', () => {
    const screen = createScreen({ novelty: 0.7, rules: ['url', 'instruction-length', 'media'] });
    expect(screen.judge({ instruction: 'Name birds.' })).toEqual([
      { filter: 'url', rejected: false },
      { filter: 'instruction-length', rejected: true, reason: 'too-short' },
    ]);
  });

  it('applies all default filters in their order where none are named', () => {
    const row = { instruction: 'Name three birds that cannot fly.', response: 'Ostriches, emus and kiwis.' };
    const verdicts = createScreen({ novelty: 0.7 }).judge(row);
    expect(verdicts.map((verdict) => verdict.filter)).toEqual(filterLists.default);
    expect(verdicts.every((verdict) => !verdict.rejected)).toBe(true);
  });

  it('looks at the task alone where only filters for candidates are wanted', () => {
    const screen = createScreen({ novelty: 0.7, appliesTo: 'candidate' });
    const filters = screen.judge(bread).map((verdict) => verdict.filter);
    expect(filters.at(-1)).toBe('novelty');
    expect(filters).not.toContain('empty-response');
  });

  it('leaves the task to the candidates where only filters for pairs are wanted', () => {
    const screen = createScreen({ novelty: 0.7, appliesTo: 'pair' });
    expect(screen.judge({ instruction: 'Birds?', response: 'Yes.' }).map((verdict) => verdict.filter)[0]).toBe(
      'empty-response',
    );
  });

  it('compares with the rows given and with those kept so far', () => {
    const screen = createScreen({ novelty: 0.7, against: [bread], rules: ['novelty'] });
    const birds = { instruction: 'Name three birds that cannot fly.' };
    const reasons = applyScreen([breadAgain, birds, birds], screen).map((row) => row.verdicts[0]?.reason);
    expect(reasons).toEqual(['not-new', undefined, 'not-new']);
  });

  it('does not compare with rows that a later filter rejected', () => {
    const screen = createScreen({ novelty: 0.7, rules: ['novelty', 'empty-response'] });
    const verdicts = applyScreen(
      [
        { ...bread, response: '' },
        { ...breadAgain, response: 'By hand.' },
      ],
      screen,
    );
    expect(verdicts.map((row) => row.verdicts.at(-1)?.reason)).toEqual(['empty-response', undefined]);
  });

  it('knows a row that it was told of', () => {
    const screen = createScreen({ novelty: 0.7, rules: ['novelty'] });
    screen.remember(bread);
    expect(screen.judge(breadAgain)[0]?.reason).toBe('not-new');
  });

  it('reads from the source of a pair why its response ended', () => {
    const screen = createScreen({ novelty: 0.7, rules: ['unfinished-response'] });
    const row = { ...bread, response: 'First, the', source: { stop: 'length' } };
    expect(screen.judge(row)).toEqual([
      { filter: 'unfinished-response', rejected: true, reason: 'unfinished-response' },
    ]);
  });

  it('verifies constraints whatever the rules are, and says nothing of rows without any', () => {
    const constraints = [{ family: 'no-commas', parameters: {} }];
    const rejected = { filter: 'unmet-constraint', rejected: true, reason: 'unmet-constraint' };
    const row = { ...bread, response: 'By hand, mostly.' };
    const named = createScreen({ novelty: 0.7, rules: ['url'] });
    expect(named.judge({ ...row, constraints })).toEqual([{ filter: 'url', rejected: false }, rejected]);
    expect(named.judge(row)).toEqual([{ filter: 'url', rejected: false }]);
    const all = createScreen({ novelty: 0.7, appliesTo: 'pair' });
    expect(all.judge({ ...row, constraints }).at(-1)).toEqual(rejected);
    const first = createScreen({ novelty: 0.7, rules: ['unmet-constraint', 'url'] });
    expect(first.judge({ ...row, constraints })).toEqual([rejected]);
  });

  it('replaces earlier verdicts and keeps all other fields', () => {
    const screen = createScreen({ novelty: 0.7, rules: ['url'] });
    const row = { ...bread, extra: 1, verdicts: [{ filter: 'media', rejected: true, reason: 'needs-media' }] };
    expect(applyScreen([row], screen)).toEqual([
      { ...bread, extra: 1, verdicts: [{ filter: 'url', rejected: false }] },
    ]);
  });

  it('puts the filters of a list in the place of its name, each of them once', () => {
    const row = { instruction: 'Name three birds that cannot fly.', response: 'Ostriches, emus and kiwis.' };
    const applied = (rules: Parameters<typeof createScreen>[0]['rules']) =>
      createScreen({ novelty: 0.7, rules })
        .judge(row)
        .map((verdict) => verdict.filter);
    expect(applied(['paper'])).toEqual(filterLists.paper);
    expect(applied(['default'])).toEqual(filterLists.default);
    expect(applied(['novelty', 'url', 'novelty'])).toEqual(['novelty', 'url']);
    expect(applied(['url', 'paper', 'paper-none'])).toEqual(['url', ...filterLists.paper]);
    expect(applied([])).toEqual([]);
  });

  describe('with texts of an evaluation', () => {
    const evaluation = new EvaluationIndex(['Name three birds that cannot fly at all.'], 6);
    const task = { instruction: 'Name three birds that cannot fly.' };

    it('compares last, whatever the rules, or where they say', () => {
      const applied = (rules: Parameters<typeof createScreen>[0]['rules']) =>
        createScreen({ novelty: 0.7, rules, evaluation, appliesTo: 'candidate' })
          .judge({ instruction: 'Describe how bread is made.' })
          .map((verdict) => verdict.filter);
      expect(applied(undefined).slice(-2)).toEqual(['novelty', 'contamination']);
      expect(applied(['url'])).toEqual(['url', 'contamination']);
      expect(applied(['contamination', 'url'])).toEqual(['contamination', 'url']);
    });

    it('judges candidates by their task, and pairs by all they hold', () => {
      const of = (appliesTo: 'candidate' | 'pair') => createScreen({ novelty: 0.7, rules: [], appliesTo, evaluation });
      expect(of('candidate').judge(task)[0]?.reason).toBe('contaminated');
      expect(of('pair').judge({ ...task, response: 'Emus.' })[0]?.reason).toBe('contaminated');
      expect(of('pair').judge({ ...bread, response: 'Now name three birds that cannot fly!' })[0]?.reason).toBe(
        'contaminated',
      );
      expect(of('pair').judge({ ...bread, response: 'By hand.' })).toEqual([
        { filter: 'contamination', rejected: false },
      ]);
    });
  });
});
