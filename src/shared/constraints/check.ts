// Verifies responses against the constraints of their instructions.
import type { Constraint } from '../rows.js';
import { constraintFamilies } from './families/index.js';
import type { ConstraintFamily } from './family.js';

const byName = new Map(constraintFamilies.map((family) => [family.name, family]));

export function constraintFamily(name: string): ConstraintFamily | undefined {
  return byName.get(name);
}

/** The constraints that a response does not meet; one without text meets none. */
export function unmetConstraints(response: string, constraints: readonly Constraint[]): Constraint[] {
  const text = response.trim();
  if (text === '') return [...constraints];
  return constraints.filter(({ family, parameters }) => !needFamily(family).check(text, parameters));
}

/** What is wrong with a constraint that a file holds; undefined where it can be verified. */
export function constraintProblem({ family, parameters }: Constraint): string | undefined {
  const known = constraintFamily(family);
  if (known === undefined) return `no family of constraints is called ${JSON.stringify(family)}`;
  const problem = known.problem(parameters);
  return problem === undefined ? undefined : `the parameters of ${family} are wrong: ${problem}`;
}

function needFamily(name: string): ConstraintFamily {
  const family = constraintFamily(name);
  if (family === undefined) throw new Error(`no family of constraints is called ${name}`);
  return family;
}
