import { expect, test } from 'vitest';

import { createScreen } from '../../../../src/stages/filter/screen.js';
import { isKept } from '../../../../src/shared/verdicts.js';
import { localScreen } from '../../../../src/stages/synthesize/local-screen.js';

const screen = () =>
  localScreen(() =>
    createScreen({ appliesTo: 'candidate', novelty: 0.7, against: [{ instruction: 'Sing a very old song.' }] }),
  );
const candidate = (i: number) => ({ instruction: `Write${i} about${i} the${i} thing${i}.`, input: '' });

test('compares with the seeds and what was kept since the last hundred was full', () => {
  const local = screen();
  const keeps = (one: { instruction: string; input: string }) => isKept({ verdicts: local.judge(one) });
  for (let i = 0; i < 99; i++) expect(keeps(candidate(i))).toBe(true);
  expect(keeps(candidate(0))).toBe(false);
  expect(keeps(candidate(99))).toBe(true);
  expect(keeps(candidate(0))).toBe(true); // the hundred that knew it is over
  expect(keeps(candidate(0))).toBe(false);
  expect(keeps({ instruction: 'Sing a very old song.', input: '' })).toBe(false);
});

test('is the same after a pause', () => {
  const local = screen();
  for (let i = 0; i < 100; i++) local.remember(candidate(i));
  expect(isKept({ verdicts: local.judge(candidate(5)) })).toBe(true);
  expect(isKept({ verdicts: local.judge(candidate(5)) })).toBe(false);
});
