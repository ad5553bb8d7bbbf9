// Pairs made of kept ones in hindsight: the same response, to an instruction that also asks for constraints which it meets
// (Zhang et al., arXiv 2302.05206). They cost no generation, and every one is verified.
import type { Config } from '../../config/schema.js';
import { askFor } from '../../shared/constraints/ask.js';
import { constraintFamilies } from '../../shared/constraints/families/index.js';
import { numberBetween } from '../../shared/constraints/draws.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { Pair } from '../../shared/rows.js';

/** Up to `constraints.hindsight` pairs of a pair without constraints, under ids of their own (`<id>-h1` …); `source` names the
 *  pair that they are made of. Each asks for a family drawn from all: where the response cannot meet it there is no pair, and not
 *  one of an easier family, so that forms that have to be made on purpose are not drowned by those that any text meets. */
export function inHindsight(pair: Pair, settings: Config['constraints'], seed: number, iteration: number): Pair[] {
  if ((pair.constraints?.length ?? 0) > 0 || pair.response === '') return [];
  const { hindsight, perInstruction, repair, families: names } = settings;
  const families = constraintFamilies.filter(({ name }) => names?.includes(name) ?? true);
  const made: Pair[] = [];
  for (let k = 1; k <= hindsight; k++) {
    const id = `${pair.id}-h${k}`;
    const random = randomStream(deriveSeed(seed, 'hindsight', iteration, id));
    const count = numberBetween(1, perInstruction, random);
    const { instruction, input, response } = pair;
    const shuffled = sampleWithoutReplacement(families, families.length, random);
    const asked = askFor(
      { task: { instruction, input }, text: response },
      { count, families: shuffled, repair, random },
    );
    if (asked === undefined) continue;
    const { constraints, text } = asked;
    const isMadeOver = text !== response;
    const source = { hindsightOf: pair.id, ...(isMadeOver && { repaired: true }) };
    made.push({ id, instruction: asked.instruction, input, response: text, constraints, source });
  }
  return made;
}
