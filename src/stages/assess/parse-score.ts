// Finds the grade in a judge's answer. Knows neither prompts nor models. An answer without a grade gives a reason; it never
// gives a guess. The rules are the paper's (arXiv 2408.08072, as its code reads): what is neither letter nor digit is taken
// off the front, and what is left must start with a number, which is rounded half to even and must be 1 to 10. So
// "8/10" is 8, while "Score: 8" is none: a number that stands later may mean anything.

export type ParsedScore = { score: number } | { reason: 'no-score' | 'score-out-of-range'; found: string };

export function parseScore(text: string): ParsedScore {
  const stripped = text.replace(/^[^\p{L}\p{N}_]+/u, '');
  const number = /^\d+(\.\d+)?/.exec(stripped)?.[0];
  if (number === undefined) return { reason: 'no-score', found: stripped.slice(0, 40) };
  const score = roundHalfToEven(Number(number));
  return score >= 1 && score <= 10 ? { score } : { reason: 'score-out-of-range', found: number };
}

function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
