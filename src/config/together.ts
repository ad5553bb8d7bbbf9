// Settings that make sense only together. Each alone may be right, so this looks at the whole configuration, after flags,
// file, preset and defaults are laid over each other.
import type { Config } from './schema.js';

/** What is wrong, in words; `nameOf` gives the name under which the person gave a key. */
export function problemsTogether({ train }: Config, nameOf: (key: string) => string): string[] {
  const problems: string[] = [];
  if (train.patience > 0 && train.validation === 0) {
    problems.push(
      `${nameOf('train.patience')} needs ${nameOf('train.validation')} above 0: without held-out pairs there is no loss to watch`,
    );
  }
  if (new Set(train.targets).size < train.targets.length) {
    problems.push(`${nameOf('train.targets')} names a matrix twice: ${train.targets.join(',')}`);
  }
  return problems;
}
