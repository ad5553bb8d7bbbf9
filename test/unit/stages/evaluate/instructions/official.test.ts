// The verdicts of the official program on texts of our own (scripts/oracles/ifeval.py).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  checkInstruction,
  checkLoosely,
  type InstructionId,
  instructionIds,
  instructions,
} from '../../../../../src/stages/evaluate/instructions/index.js';

interface Case {
  instruction: InstructionId;
  kwargs: Record<string, unknown>;
  response: string;
  /** null where the official program's own chance decides. */
  strict: boolean | null;
  loose: boolean | null;
}

const file = path.resolve(import.meta.dirname, '../../oracles/ifeval.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

describe.each(instructionIds)('%s', (id) => {
  const own = cases.filter(({ instruction }) => instruction === id);

  it('has cases of both verdicts', () => {
    expect(new Set(own.map(({ strict }) => strict))).toEqual(new Set([true, false]));
  });

  it('agrees in each', () => {
    const differ = own.filter(({ kwargs, response, strict, loose }) => {
      const parsed = instructions[id].kwargs.parse(kwargs);
      const ours = { strict: checkInstruction(id, parsed, response), loose: checkLoosely(id, parsed, response) };
      return (strict ?? ours.strict) !== ours.strict || (loose ?? ours.loose) !== ours.loose;
    });
    expect(differ).toEqual([]);
  });
});
