// Where a response that goes round in circles should have ended. Small models repeat what they have just said, and from then on
// find it likelier with every round (Xu et al., arXiv 2206.02369). No pair that is kept shows them the way out: such responses
// never end, so they are dropped. Here they are cut behind a sentence that repeats, and nothing is trained on but the end.
import type { Pair } from '../../shared/rows.js';

/** Of what goes round, so many characters at the end of the response are looked for before it. */
const repeatedCharacters = 120;

/** Ends that come later are left out: most of their tokens would be computed for one that is trained on. */
const longestCut = 1200;

/** A single token is trained on, beside dozens in other pairs (docs/experiments.md, "Answers that end"). */
const endWeight = 8;

const sentenceEnd = /[.!?]["'”’)\]]*(?=\s)|\n/gu;

/** What announces something: nothing ends there. */
const announces = /[:;,]$/u;

/** Up to `count` pairs, under ids of their own (`<id>-e1` …), of a response that was stopped for its repetition: the first ends
 *  before it repeats, the second behind its first repeated sentence, others later. None where it was asked for constraints,
 *  which the cut text need not meet. */
export function endsOfCircle(pair: Pair, count: number): Pair[] {
  if (pair.source?.stop !== 'repetition' || (pair.constraints?.length ?? 0) > 0) return [];
  const { id, instruction, input, response } = pair;
  return spreadOver(cutsOf(response), count).map((cut, i) => ({
    id: `${id}-e${i + 1}`,
    ...{ instruction, input },
    response: cut,
    ...{ trainedTokens: -1, weight: endWeight },
    source: { hindsightOf: id, circle: true },
  }));
}

/** The response's beginnings that end with a sentence or a line, from where it begins to repeat on. */
function cutsOf(response: string): string[] {
  const start = repetitionStart(response);
  if (start === undefined) return [];
  const cuts = [...response.matchAll(sentenceEnd)]
    .filter(({ index }) => index >= start - 2)
    .map(({ index, 0: mark }) => response.slice(0, index + mark.length).trimEnd());
  return [...new Set(cuts)].filter((cut) => cut !== '' && cut.length <= longestCut && !announces.test(cut));
}

/** Where what stands at the end of the response began to repeat what stood before; undefined where nothing does. */
function repetitionStart(text: string): number | undefined {
  const tail = Math.min(repeatedCharacters, Math.floor(text.length / 2));
  if (tail === 0) return undefined;
  const at = text.lastIndexOf(text.slice(-tail), text.length - tail - 1);
  if (at === -1) return undefined;
  const period = text.length - tail - at;
  let start = text.length - tail;
  while (start > period && text[start - 1] === text[start - 1 - period]) start--;
  return start;
}

/** The first two and others evenly from behind them; all of them where there are no more. */
function spreadOver(cuts: readonly string[], count: number): string[] {
  if (cuts.length <= count) return [...cuts];
  const first = cuts.slice(0, Math.min(2, count));
  const rest = cuts.slice(first.length);
  const more = count - first.length;
  const later = Array.from({ length: more }, (_, i) => rest[Math.floor(((i + 0.5) * rest.length) / more)] ?? '');
  return [...first, ...later];
}
