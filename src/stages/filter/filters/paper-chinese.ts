// The paper's rule for Chinese: any such character in a response, also where the task asks for it; foreign-script.ts looks.
import type { Filter } from '../filter.js';

export const paperChinese: Filter = {
  name: 'paper-chinese',
  appliesTo: 'pair',
  check: ({ response }) => (/\p{Script=Han}/u.test(response) ? 'paper-chinese' : undefined),
};
