import { expect, test } from 'vitest';

import { isCutOff } from '../../../src/shared/stop-reason.js';

test.each([
  ['length', true],
  ['repetition', true],
  ['end', false],
  ['string', false],
  [undefined, false],
])('a text that ended by %s was cut off: %s', (stop, expected) => {
  expect(isCutOff(stop)).toBe(expected);
});
