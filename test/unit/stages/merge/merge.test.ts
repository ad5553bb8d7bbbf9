import { expect, test } from 'vitest';

import { mergeAdvice, mergeCost, survivedInWords } from '../../../../src/stages/merge/merge.js';

const score = (id: string, tokens: number, divergence: number, base: number, adapter: number, merged: number) => ({
  ...{ id, tokens, divergence },
  loss: { base: base * tokens, adapter: adapter * tokens, merged: merged * tokens },
});

test('the cost is a mean over tokens, not over pairs, and perplexity is exp of the mean loss', () => {
  const cost = mergeCost([score('a', 1, 0.4, 3, 2, 2), score('b', 3, 0, 1, 1, 1)]);
  expect(cost).toMatchObject({ pairs: 2, tokens: 4, divergence: 0.1 });
  expect(cost?.perplexity.base).toBeCloseTo(Math.exp(6 / 4));
  expect(cost?.perplexity.adapter).toBeCloseTo(Math.exp(5 / 4));
});

test('without a response there is no cost', () => {
  expect(mergeCost([])).toBeNull();
});

test.each([
  ['everything survived', 1, 2, 1.5, 1.5, null],
  ['little was lost', 0.95, 2, 1.5, 1.52, null],
  ['the change did not survive', 0.12, 2, 1.5, 1.52, "only 12 % of the adapter's change survived rounding: use a type"],
  ['the change is below the noise', 34, 2, 1.5, 1.5, 'change is far smaller than what rounding does'],
  ['the gain is half gone', 0.95, 2, 1, 1.5, 'the merged model lost 50 % of what the adapter had gained in perplexity'],
  ['an adapter that gained nothing has nothing to lose', 0.95, 1, 1.2, 1.3, null],
])('%s', (_name, survived, base, adapter, merged, advice) => {
  const found = mergeAdvice({ survived }, mergeCost([score('a', 10, 0, base, adapter, merged)]));
  if (advice === null) expect(found).toBeNull();
  else expect(found).toContain(advice);
});

test('what survived is told as a share, or as lost where rounding is all there is to see', () => {
  expect(survivedInWords({ merged: 9, survived: 0.876, noise: 2.9 })).toBe("87.6 % of the adapter's change survived");
  expect(survivedInWords({ merged: 9, survived: 34, noise: 5000 })).toMatch(
    /lost in rounding noise of 5000 times its size$/,
  );
  expect(survivedInWords({ merged: 0, survived: 1, noise: 0 })).toBe('nothing changed');
});
