// The checks of HumanEval+, as Python executes them: on tasks of our own in the form of EvalPlus.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { openSandbox, type Sandbox } from '../../src/engine/sandbox/sandbox.js';
import { IsheepError } from '../../src/shared/errors.js';
import { humaneval, humanEvalTrial } from '../../src/stages/evaluate/benchmarks/humaneval.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const rows = {
  // Written by hand, since JavaScript would write 1.0 as 1 and lose digits of the large number.
  power: String.raw`{"task_id": "own/1", "prompt": "def power(n, m):\n    \"\"\"n to the power of m.\"\"\"\n", "entry_point": "power", "canonical_solution": "    return n ** m\n", "base_input": [[2, 3]], "plus_input": [[1.0, 2], [12345678901234567891, 2]], "atol": 0}`,
  ordered: String.raw`{"task_id": "own/2", "prompt": "def ordered(items):\n    \"\"\"The items in order.\"\"\"\n", "entry_point": "ordered", "canonical_solution": "    return sorted(items)\n", "base_input": [[[2, 1]]], "plus_input": [[[]], [["b\n", "a"]]], "atol": 0}`,
  third: String.raw`{"task_id": "own/3", "prompt": "def third(n):\n    \"\"\"A third of n.\"\"\"\n", "entry_point": "third", "canonical_solution": "    return n / 3\n", "base_input": [[1]], "plus_input": [[10]], "atol": 0}`,
  thirds: String.raw`{"task_id": "own/5", "prompt": "def thirds(n):\n    \"\"\"A third of n, and two.\"\"\"\n", "entry_point": "thirds", "canonical_solution": "    return (n / 3, 2 * n / 3) if n else ()\n", "base_input": [[1]], "plus_input": [[10], [0]], "atol": 0}`,
  zero: String.raw`{"task_id": "own/4", "prompt": "def find_zero(xs):\n    \"\"\"A zero of the polynomial.\"\"\"\n", "entry_point": "find_zero", "canonical_solution": "    return -1.0\n", "base_input": [[[-1, 0, 1]]], "plus_input": [], "atol": 0.0001}`,
};

const solutions: [task: keyof typeof rows, name: string, body: string, passes: boolean][] = [
  ['power', 'is right', '    return n ** m', true],
  ['power', 'is right for small numbers only', '    return int(float(n) ** m)', false],
  ['power', 'is right for whole numbers only', '    assert type(n) is int\n    return n ** m', false],
  ['ordered', 'is right', '    return sorted(items)', true],
  ['ordered', 'changes its argument', '    items.sort()\n    return items', true],
  ['ordered', 'is another type', '    return tuple(sorted(items))', false],
  ['ordered', 'is right for the base input only', '    return [1, 2]', false],
  ['third', 'is almost right', '    return n / 3 + 1e-8', true],
  ['third', 'is a little wrong', '    return n / 3 + 1e-4', false],
  ['thirds', 'is almost right', '    return (n / 3 + 1e-8, 2 * n / 3) if n else ()', true],
  ['thirds', 'is another type', '    return [n / 3 + 1e-8, 2 * n / 3] if n else ()', false],
  ['thirds', 'is another type where it is empty', '    return (n / 3, 2 * n / 3) if n else []', false],
  ['zero', 'finds another zero', '    return 1.00001', true],
  ['zero', 'finds none', '    return 0.5', false],
];

describe('HumanEval+', () => {
  let opened: Sandbox | IsheepError;
  beforeAll(async () => {
    opened = await openSandbox().catch((error: unknown) => error as IsheepError);
  });

  it.each(solutions)('judges of %s a function that %s', async (task, _name, text, passes) => {
    const data = path.join(temporaryFolder(), 'plus.jsonl');
    writeFileSync(data, `${rows[task]}\n`);
    const [item] = humaneval.readItems({ data }, { seed: 1 });
    if (item === undefined) throw new Error('no item');
    const { program, seconds } = humanEvalTrial(item, { text, isResponse: false });
    if (opened instanceof IsheepError) {
      expect(opened.code).toBe('no-sandbox');
      return;
    }
    const run = await opened.run(program, { seconds });
    expect(run.outcome, run.detail).toBe(passes ? 'passed' : 'failed');
  });
});
