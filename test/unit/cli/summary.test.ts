import { describe, expect, it } from 'vitest';

import { styleFor } from '../../../src/cli/style.js';
import { formatRunSummary } from '../../../src/cli/summary.js';
import type { IterationSummary, RunSummary } from '../../../src/pipeline/events.js';

const style = styleFor({ write: () => true }, {});

function iteration(number: number): IterationSummary {
  return {
    iteration: number,
    model: number === 1 ? 'base' : { adapterSha256: 'ab12cd34ef567890' },
    synthesize: { requests: 40, parsed: 412, kept: 96, rejected: { 'not-new': 120, 'too-short': 40 } },
    respond: { responses: 96, tokens: 11200, stopped: { end: 80, length: 16 } },
    filter: { passed: 70, rejected: { 'unfinished-response': 16, 'copied-response': 10 } },
    assess: { method: 'likelihood', why: '', assessed: 70, failed: {}, lengthCorrelation: null },
    select: { kept: 21, rule: 'the best 30 % by rank', notKept: { 'lower-rank': 49 } },
    diversity: {
      ...{ pairs: 21, instructionWords: 11, responseWords: 24.5, distinct1: 0.5, distinct2: 0.8161, topicSpread: 61.4 },
      ...{ selfSimilarity: 0.327, alarms: [] },
    },
    train: {
      pairs: 19,
      heldOut: 2,
      tooLong: 0,
      cut: 1,
      cutTokens: 7,
      steps: 10,
      plannedSteps: 10,
      adapterStep: 10,
      tokens: 4120,
      lossTokens: 2210,
      firstLoss: 1.912,
      lastLoss: 1.533,
      adapter: `runs/a/iterations/${number}/adapter.gguf`,
      adapterSha256: 'ffff',
    },
    evaluate: { heldOutLossBase: 1.822, heldOutLossAdapter: 1.71 },
    seconds: { synthesize: 71.3, respond: 60.2, filter: 0.01, assess: 30.2, select: 0, train: 51.4, evaluate: 8.21 },
  };
}

function summary(best: number | null): RunSummary {
  return {
    runDir: 'runs/a',
    model: 'my models/base.gguf',
    iterations: [iteration(1), iteration(2)],
    best,
    isEndedByGate: false,
    seconds: 443,
  };
}

describe('the summary of a run', () => {
  it('says what was asked, parsed, rejected, kept, trained, lost, and how long each stage took', () => {
    const block = formatRunSummary(summary(2), style).split('\n\n')[1];
    expect(block?.split('\n')).toEqual([
      'iteration 2, written by adapter ab12cd34ef56',
      '  synthesize  40 requests, 412 parsed, 96 instructions kept',
      '              dropped: not-new 120, too-short 40',
      '  respond     96 responses, 11,200 tokens (end 80, length 16)',
      '  filter      70 passed',
      '              dropped: unfinished-response 16, copied-response 10',
      '  assess      70 pairs by likelihood',
      '  select      21 kept: the best 30 % by rank',
      '              not kept: lower-rank 49',
      '  dataset     instructions of 11 words, responses of 24.5 (medians); distinct-2 0.816, self-similarity 0.33, topic spread 61',
      '  train       19 pairs in 10 steps, 4,120 tokens, 2,210 of them with a loss (1 cut by 7 tokens)',
      '  loss        training 1.912 → 1.533; 2 pairs held out: base 1.822 → adapter 1.710 (−6.1 %)',
      '  seconds     synthesize 71, respond 60, assess 30, train 51, evaluate 8.2',
    ]);
  });

  it('says who wrote the instructions where another wrote the responses', () => {
    const byBase = { ...iteration(2), instructionsBy: 'base' as const };
    expect(formatRunSummary({ ...summary(1), iterations: [iteration(1), byBase] }, style)).toContain(
      '\niteration 2, instructions by the base, responses by adapter ab12cd34ef56\n',
    );
  });

  it('warns where the dataset has become narrower since the first iteration', () => {
    const alarms = ['responses shrank from 57 to 13 words (medians)'];
    const narrower = { ...iteration(2), diversity: { ...iteration(2).diversity, alarms } };
    const text = formatRunSummary({ ...summary(1), iterations: [iteration(1), narrower] }, style);
    expect(text).toContain('\n              since iteration 1, responses shrank from 57 to 13 words (medians)\n');
  });

  it('says how many responses met the constraints of their instructions', () => {
    const respond = { ...iteration(1).respond, constraints: { responses: 48, met: 29, metAtFirst: 17 } };
    const text = formatRunSummary({ ...summary(1), iterations: [{ ...iteration(1), respond }] }, style);
    expect(text).toContain(
      '\n  constraints 29 of 48 responses to instructions with constraints met them, 17 at the first attempt\n',
    );
  });

  it('says how far repeated grades agree', () => {
    const one = { alpha: 0.413, difference: 1.2, withinOne: 0.625 };
    const assess = {
      ...iteration(1).assess,
      agreement: { repeats: 3, pairs: 70, quality: one, following: { ...one, alpha: null } },
    };
    const text = formatRunSummary({ ...summary(1), iterations: [{ ...iteration(1), assess }] }, style);
    expect(text).toContain(
      '3 grades a pair agree: quality alpha 0.41, 63 % within 1; following alpha unknown (all are equal), 63 % within 1',
    );
  });

  it('says which adapter is best, where the files are and what to do next', () => {
    const text = formatRunSummary(summary(2), style);
    expect(text).toContain('best: iteration 2, runs/a/iterations/2/adapter.gguf');
    expect(text).toContain('done in 7:23; everything is in runs/a:');
    expect(text).toContain(
      "next: isheep generate --model 'my models/base.gguf' --adapter runs/a/iterations/2/adapter.gguf --prompts FILE",
    );
  });

  it('says of the best whether its gain in the gate is within chance', () => {
    const gated = (isCertain: boolean) => {
      const verdict = { kept: true, gained: true, isCertain, stops: false, score: 0.5, reasons: ['a gain'] };
      const constraints = {
        ...{ n: 15, other: 50, value: 60, difference: 10, low: -5, high: 25, p: 0.3, corrected: 0.3 },
        lowerIsBetter: false,
      };
      const suite = { iteration: 1, counts: {}, leftOut: {}, units: { constraints: '%' as const } };
      const gate = { ...suite, againstBase: { constraints }, againstWriter: null };
      return formatRunSummary({ ...summary(1), iterations: [{ ...iteration(1), gate: { ...gate, verdict } }] }, style);
    };
    expect(gated(false)).toContain('iterations/1/adapter.gguf; its gain in the gate is within chance\n');
    expect(gated(true)).not.toContain('within chance');
  });

  it('says so where the base is best', () => {
    expect(formatRunSummary(summary(null), style)).toContain('best: the base; no adapter lowered the held-out loss');
  });

  it('shows the loss on the seed pairs, and names it where it decided for the base', () => {
    const evaluate = { ...iteration(1).evaluate, seedPairs: 32, seedLossBase: 2.939, seedLossAdapter: 2.966 };
    const text = formatRunSummary({ ...summary(null), iterations: [{ ...iteration(1), evaluate }] }, style);
    expect(text).toContain('\n              32 seed pairs: base 2.939 → adapter 2.966 (+0.9 %)\n');
    expect(text).toContain('best: the base; no adapter lowered the loss on the seed pairs, which all iterations share');
  });

  it('fits on a screen for two iterations', () => {
    expect(formatRunSummary(summary(2), style).split('\n').length).toBeLessThanOrEqual(40);
  });

  it('says where nothing was held out', () => {
    const nothing = { ...iteration(1), evaluate: { heldOutLossBase: null, heldOutLossAdapter: null } };
    const text = formatRunSummary({ ...summary(1), iterations: [nothing] }, style);
    expect(text).toContain('training 1.912 → 1.533; nothing held out');
  });
});
