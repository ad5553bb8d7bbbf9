// How an instruction and the sentences that ask for constraints become one.

/** Where they stand, as people write it: behind the task, on lines of their own, or in front; the first most often. */
const ownLinesShare = 0.15;
const inFrontShare = 0.15;

export function asking(instruction: string, sentences: readonly string[], random: () => number): string {
  const task = asSentence(instruction);
  const place = random();
  if (place < ownLinesShare) return [task, ...sentences].join('\n');
  return place < ownLinesShare + inFrontShare ? [...sentences, task].join(' ') : [task, ...sentences].join(' ');
}

/** An instruction that other sentences can follow: with a full stop where it has no end, or a colon. */
export function asSentence(instruction: string): string {
  const text = instruction.trim().replace(/\s*:$/u, '');
  return /[.!?…]["'”’)\]]*$/u.test(text) ? text : `${text}.`;
}
