// Pairs made of kept ones in hindsight: the same response, to an instruction that also asks for constraints which it meets
// (Zhang et al., arXiv 2302.05206). They cost no generation, and every one is verified.
import type { Config } from '../../config/schema.js';
import { askFor } from '../../shared/constraints/ask.js';
import { constraintFamily } from '../../shared/constraints/check.js';
import { constraintFamilies } from '../../shared/constraints/families/index.js';
import { numberBetween } from '../../shared/constraints/draws.js';
import type { ConstraintGroup } from '../../shared/constraints/family.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { Constraint, Pair } from '../../shared/rows.js';

type Settings = Config['constraints'];

/** Tokens of a response in which a form that shows from the beginning on has shown. */
export const beginningTokens = 64;

/** Groups whose forms a response takes on at its beginning. */
const formsOfBeginnings: readonly (ConstraintGroup | undefined)[] = ['opening', 'layout', 'case', 'characters'];

/** Up to `constraints.hindsight` pairs of a pair without constraints, under ids of their own (`<id>-h1` …); `source` names the
 *  pair that they are made of. Each asks for a family drawn from all: where the response cannot meet it there is no pair, and not
 *  one of an easier family, so that forms that have to be made on purpose are not drowned by those that any text meets. */
export function inHindsight(pair: Pair, settings: Settings, seed: number, iteration: number): Pair[] {
  if ((pair.constraints?.length ?? 0) > 0 || pair.response === '') return [];
  const families = constraintFamilies.filter(({ name }) => settings.families?.includes(name) ?? true);
  const made: Pair[] = [];
  for (let k = 1; k <= settings.hindsight; k++) {
    const id = `${pair.id}-h${k}`;
    const random = randomStream(deriveSeed(seed, 'hindsight', iteration, id));
    const { instruction, input, response } = pair;
    const count = numberBetween(1, settings.perInstruction, random);
    const shuffled = sampleWithoutReplacement(families, families.length, random);
    const answered = { task: { instruction, input }, text: response };
    const asked = askFor(answered, { count, families: shuffled, repair: settings.repair, random });
    if (asked === undefined) continue;
    const { constraints, text } = asked;
    const trains = random() < settings.beginnings && showsAtOnce(constraints) ? { trainedTokens: beginningTokens } : {};
    const isMadeOver = text !== response;
    const source = { hindsightOf: pair.id, ...(isMadeOver && { repaired: true }) };
    made.push({ id, instruction: asked.instruction, input, response: text, constraints, ...trains, source });
  }
  return made;
}

/** Whether the form that was drawn first, and is a must, shows from the beginning on. */
function showsAtOnce([first]: readonly Constraint[]): boolean {
  return formsOfBeginnings.includes(constraintFamily(first?.family ?? '')?.group);
}
