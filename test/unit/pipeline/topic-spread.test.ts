import { describe, expect, it } from 'vitest';

import { topicSpread } from '../../../src/pipeline/topic-spread.js';
import { loadSeeds } from '../../../src/shared/load-seeds.js';

describe('the topic spread', () => {
  it('is the number of topic words where all are equally frequent, whatever stands between them', () => {
    expect(topicSpread(['Write a text about volcanoes.', 'Explain the tides, please.'])).toBeCloseTo(2, 10);
    expect(
      topicSpread(['Write about volcanoes, volcanoes!', 'Explain TIDES.', 'Who owns the tides? A volcanoes']),
    ).toBeCloseTo(Math.exp(-(2 * (2 / 5) * Math.log(2 / 5) + (1 / 5) * Math.log(1 / 5))), 10);
  });

  it('is 0 for nothing', () => {
    expect(topicSpread([])).toBe(0);
    expect(topicSpread(['Write it.'])).toBe(0);
  });

  it('falls below the limit of the alarm where four of ten instructions turn to one topic, and not for one of ten', () => {
    const instructions = loadSeeds().map(({ instruction }) => instruction);
    const half = instructions.slice(0, 100);
    const turned = (n: number) =>
      half.map((instruction, i) => (i < n ? `Write a letter ${i} about your garden.` : instruction));
    expect(topicSpread(turned(10))).toBeGreaterThan(0.7 * topicSpread(half));
    expect(topicSpread(turned(40))).toBeLessThan(0.7 * topicSpread(half));
    // Other instructions of the same kind are no alarm.
    expect(topicSpread(instructions.slice(100, 200))).toBeGreaterThan(0.85 * topicSpread(half));
  });
});
