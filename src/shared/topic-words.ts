// Which words of an instruction tell what it is about, by a simple rule for texts in any language with words: long ones,
// without a few that instructions of any topic are made of.

/** Topic words have so many letters at least: shorter ones are mostly grammar. */
const fewestLetters = 4;

/** Longer ones that are grammar, or what tasks are made of. */
const common = new Set(
  (
    'about above after again also another answer based because been before being below between both brief clear ' +
    'complete compose could create describe does each every example explain feel find following four from generate give ' +
    'given have help here identify information into just keep kind like list long look main make many might more most ' +
    'much must name need number only other over people person phrase please possible provide question questions read ' +
    'respond rewrite same sentence sentences short should show simple some something state such suggest summarize take ' +
    'task tell text than that their them then there these they thing things think this those three through turn under ' +
    'using very want well were what when where which while will with without word words work would write your'
  ).split(' '),
);

const word = new RegExp(String.raw`\p{L}{${fewestLetters},}`, 'gu');

/** Each once, in lower case, in the order in which they come. */
export function topicWords(text: string): string[] {
  return [...new Set(text.toLowerCase().match(word))].filter((one) => !common.has(one));
}

/** In how many of the texts each topic word is. */
export function countTopicWords(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const one of topicWords(text)) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}
