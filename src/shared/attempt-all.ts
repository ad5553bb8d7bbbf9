// Checks that do not hang on each other: all are made before any of them is told of, so that one look mends everything.
import { IsheepError } from './errors.js';

/** What each of them gives. Throws one error with all that was wrong, the messages one a line, by their code, or `bad-input`
 *  where they have several; what is no IsheepError at once. */
export function attemptAll<T extends readonly unknown[]>(...works: { [K in keyof T]: () => T[K] }): T {
  const problems: IsheepError[] = [];
  const results = works.map((work: () => unknown) => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof IsheepError)) throw error;
      problems.push(error);
      return undefined;
    }
  });
  const [first] = problems;
  if (first === undefined) return results as unknown as T;
  const told = (parts: string[]) => [...new Set(parts.filter((part) => part !== ''))];
  const code = problems.every((problem) => problem.code === first.code) ? first.code : 'bad-input';
  throw new IsheepError(code, told(problems.map(({ message }) => message)).join('\n'), {
    hint: told(problems.map(({ hint }) => hint)).join('; '),
    cause: first,
  });
}
