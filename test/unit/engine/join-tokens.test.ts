import { expect, test } from 'vitest';

import { joinTokens } from '../../../src/engine/join-tokens.js';

test('joins texts of more tokens than a call may have arguments', () => {
  const long = Int32Array.from({ length: 500_000 }, (_, i) => i);
  const joined = joinTokens([7], long, new Int32Array());
  expect(joined).toHaveLength(500_001);
  expect([joined[0], joined[1], joined.at(-1)]).toEqual([7, 0, 499_999]);
});
