// Pairs made of kept ones in hindsight: the same response, to an instruction that also asks for constraints which it meets
// (Zhang et al., arXiv 2302.05206). They cost no generation, and every one is verified.
import type { Config } from '../../config/schema.js';
import { type Answered, type AskedFor, askFor } from '../../shared/constraints/ask.js';
import { canCombine } from '../../shared/constraints/combine.js';
import { fits } from '../../shared/constraints/draw.js';
import { constraintFamilies } from '../../shared/constraints/families/index.js';
import { numberBetween } from '../../shared/constraints/draws.js';
import type { ConstraintFamily } from '../../shared/constraints/family.js';
import { firstSentences } from '../../shared/constraints/impose.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { Pair } from '../../shared/rows.js';

type Settings = Config['constraints'];

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
    const asked = askOf({ task: { instruction, input }, text: response }, families, settings, random);
    if (asked === undefined) continue;
    const { constraints, text } = asked;
    const isMadeOver = text !== response;
    const source = { hindsightOf: pair.id, ...(isMadeOver && { repaired: true }) };
    made.push({ id, instruction: asked.instruction, input, response: text, constraints, source });
  }
  return made;
}

function askOf(
  { task, text }: Answered,
  families: readonly ConstraintFamily[],
  { perInstruction, repair, shorten }: Settings,
  random: () => number,
): AskedFor | undefined {
  const count = numberBetween(1, perInstruction, random);
  const shuffled = sampleWithoutReplacement(families, families.length, random);
  const [first, ...others] = shuffled;
  const mayShorten = repair && perInstruction > 1 && random() < shorten;
  const limit =
    first && mayShorten
      ? others.find((family) => isLimit(family) && fits(family, task) && canCombine(first, family))
      : undefined;
  if (first === undefined || limit === undefined)
    return askFor({ task, text }, { count, families: shuffled, repair, random });
  const beginning = firstSentences(text, numberBetween(20, 60, random, 10));
  return askFor(
    { task, text: beginning === '' ? text : beginning },
    { count: Math.max(count, 2), families: [first, limit, ...others], musts: 2, repair, random },
  );
}

/** Whether a family says how long a text may be at most. */
function isLimit({ group, canImpose }: ConstraintFamily): boolean {
  return group === 'length' && canImpose;
}
