// Many ways to ask for one thing, written as one: what is trained on a single sentence is understood in that sentence only.

/** All sentences of a pattern: of `{a|b}` each alternative (`{please |}` may be empty), not nested. Values stand as they are,
 *  whatever signs they have. */
export function phrasings(
  pattern: TemplateStringsArray,
  ...values: readonly (string | number)[]
): [string, ...string[]] {
  const held = (i: number) => `\u0000${i}\u0000`;
  const whole = pattern.reduce((text, part, i) => `${text}${held(i - 1)}${part}`);
  const sentences = whole.split(/(\{[^{}]*\})/u).reduce<string[]>(
    (begun, part) => {
      const alternatives = part.startsWith('{') ? part.slice(1, -1).split('|') : [part];
      return begun.flatMap((start) => alternatives.map((next) => start + next));
    },
    [''],
  );
  const filled = sentences.map((one) => one.replace(/\u0000(\d+)\u0000/gu, (_, i) => String(values[Number(i)])));
  return filled as [string, ...string[]];
}

/** "a", "a and b", "a, b and c". */
export function listed(items: readonly string[], conjunction = 'and'): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} ${conjunction} ${last}`;
}
