// The released code of arXiv 2408.08072 writes instructions by calls of about 100, and each call knows the seeds and its own
// only (`quirks.localNovelty`): an instruction of an earlier call is kept again.
import { isKept } from '../../shared/verdicts.js';
import type { CandidateScreen } from './synthesize.js';

const keptOfACall = 100;

/** A screen that is made anew after every 100 kept candidates. */
export function localScreen(makeScreen: () => CandidateScreen): CandidateScreen {
  let screen = makeScreen();
  let kept = 0;
  const countKept = () => {
    kept += 1;
    if (kept % keptOfACall === 0) screen = makeScreen();
  };
  return {
    judge(candidate) {
      const verdicts = screen.judge(candidate);
      if (isKept({ verdicts })) countKept();
      return verdicts;
    },
    remember(candidate) {
      screen.remember(candidate);
      countKept();
    },
  };
}
