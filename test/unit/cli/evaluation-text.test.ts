import { expect, it } from 'vitest';

import { evaluationText } from '../../../src/cli/evaluation-text.js';

const metrics = {
  accuracy: { value: 43.333, low: 30, high: 55.2, unit: '%' as const, n: 60 },
  loss: { value: 1.2345, low: 1.1, high: 1.3, unit: 'nats' as const, n: 60 },
};

it('has a line a metric, shares in percent', () => {
  expect(evaluationText({ name: 'sums' }, { n: 60, metrics })).toBe(
    [
      'metric       sums   95 % interval  items',
      'accuracy  43.33 %  30.00 to 55.20     60',
      'loss        1.234  1.100 to 1.300     60',
    ].join('\n'),
  );
});

it('tells of a comparison what is beyond chance, losses the other way round', () => {
  const one = { n: 60, other: 40, value: 43.333, difference: 3.333, low: -1, high: 7, p: 0.2, corrected: 0.4 };
  const comparison = {
    accuracy: { ...one, lowerIsBetter: false },
    loss: { ...one, other: 1.3, value: 1.2345, difference: -0.0655, p: 0.0001, corrected: 0.0002, lowerIsBetter: true },
  };
  const lines = evaluationText({ name: 'sums' }, { n: 60, metrics, comparison }).split('\n');
  expect(lines.at(-2)).toMatch(/^accuracy +40\.00 % +43\.33 % +\+3\.333 .* 0\.200 +0\.400 +no difference$/);
  expect(lines.at(-1)).toMatch(/^loss +1\.300 +1\.234 +−0\.066 .* < 0\.001 +< 0\.001 +better$/);
});
