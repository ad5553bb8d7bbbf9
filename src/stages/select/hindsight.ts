// Pairs made of kept ones in hindsight: the same response, to an instruction that also asks for constraints which it meets
// (Zhang et al., arXiv 2302.05206). They cost no generation, and every one is verified.
import type { Config } from '../../config/schema.js';
import { askFor } from '../../shared/constraints/ask.js';
import { constraintFamilies } from '../../shared/constraints/families/index.js';
import { numberBetween } from '../../shared/constraints/draws.js';
import type { ConstraintFamily } from '../../shared/constraints/family.js';
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../shared/random.js';
import type { Pair } from '../../shared/rows.js';

type Settings = Config['constraints'];

/** Tokens of a response without a form of its own after which its beginning is over. */
const plainBeginningTokens = 12;

/** Of an ending, the end of the turn among them. */
const endingTokens = 32;

/** A response of no more characters is trained on whole where its form has an end. */
const shortResponse = 450;

/** The kept pair itself as it is trained on: by `constraints.beginnings` as a beginning, which says that a response to an
 *  instruction without constraints has no form, and no more; by `constraints.endings` as an ending (docs/experiments.md). A
 *  pair with constraints stays whole, and all do without `constraints.hindsight`. */
export function inPart(pair: Pair, settings: Settings, seed: number, iteration: number): Pair {
  if (settings.hindsight === 0 || (pair.constraints?.length ?? 0) > 0) return pair;
  const random = randomStream(deriveSeed(seed, 'part', iteration, pair.id));
  const part = drawPart(settings, random);
  if (part === 'whole') return pair;
  return { ...pair, trainedTokens: part === 'beginning' ? plainBeginningTokens : -endingTokens };
}

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
    const drawn = drawFamilies(families, settings, random);
    const { instruction, input, response } = pair;
    const answered = { task: { instruction, input }, text: response };
    const asked = askFor(answered, { ...drawn, repair: settings.repair, random });
    if (asked === undefined) continue;
    const { constraints, text } = asked;
    const isMadeOver = text !== response;
    const source = { hindsightOf: pair.id, ...(isMadeOver && { repaired: true }) };
    made.push({
      id,
      instruction: asked.instruction,
      input,
      response: text,
      constraints,
      ...trained(drawn, text),
      source,
    });
  }
  return made;
}

type Part = 'beginning' | 'ending' | 'whole';

interface Drawn {
  part: Part;
  /** The first is a must. */
  families: ConstraintFamily[];
  count: number;
}

function drawPart({ beginnings, endings }: Settings, random: () => number): Part {
  if (beginnings === 0 && endings === 0) return 'whole';
  const drawn = random();
  if (drawn < beginnings) return 'beginning';
  return drawn < beginnings + endings ? 'ending' : 'whole';
}

/** Up to `constraints.perInstruction` of any, the first of which, for a beginning or an ending, is a form that shows in it. Others
 *  may be asked for beside it, as people do. */
function drawFamilies(all: readonly ConstraintFamily[], settings: Settings, random: () => number): Drawn {
  const part = drawPart(settings, random);
  const showing = part === 'beginning' ? all.filter(showsAtOnce) : part === 'ending' ? all.filter(showsAtEnd) : [];
  const one = part === 'beginning' ? drawByWeight(showing, random) : showing[Math.floor(random() * showing.length)];
  const count = numberBetween(1, settings.perInstruction, random);
  const any = sampleWithoutReplacement(all, all.length, random);
  return one === undefined ? { part: 'whole', families: any, count } : { part, families: [one, ...any], count };
}

const showsAtOnce = ({ beginning }: ConstraintFamily): boolean => beginning !== undefined;

/** Where it ends, or how. */
const showsAtEnd = ({ beginning, group }: ConstraintFamily): boolean =>
  group === 'closing' || group === 'length' || beginning?.hasEnd === true;

function drawByWeight(forms: readonly ConstraintFamily[], random: () => number): ConstraintFamily | undefined {
  const weights = forms.map(({ beginning }) => beginning?.weight ?? 1);
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  return forms.find((_, i) => (left -= weights[i] ?? 0) < 0) ?? forms.at(-1);
}

function trained({ part, families }: Drawn, text: string): { trainedTokens?: number } {
  if (part === 'whole') return {};
  if (part === 'ending') return { trainedTokens: -endingTokens };
  const { tokens, hasEnd } = families[0]?.beginning ?? {};
  const needsEnd = hasEnd === true && text.length <= shortResponse;
  return tokens === undefined || needsEnd ? {} : { trainedTokens: tokens };
}
