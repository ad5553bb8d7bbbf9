// IFEval's checkers on prompts of our own, which are drawn and need no file; a file in IFEval's form may take their place.
import type { Benchmark } from '../benchmark.js';
import { constraintPrompts } from '../gate/constraint-prompts.js';
import { ifeval, type IfevalItem, ifevalRow } from './ifeval.js';

/** Prompts that are drawn where no limit says how many. */
const defaultPrompts = 300;

export const constraints: Benchmark<IfevalItem, string> = {
  ...ifeval,
  name: 'constraints',
  about: "IFEval's checkers on prompts of isheep's own",
  needs: { files: [], optionalFiles: ['data'] },
  readItems: ({ data, ...files }, settings) =>
    data === undefined ? constraintItems(defaultPrompts) : ifeval.readItems({ data, ...files }, settings),
};

export function constraintItems(n: number): IfevalItem[] {
  return constraintPrompts(n).map((row) => ifevalRow.parse(row));
}
