// Grammars in GBNF without recursion: as a regular expression of the whole text, and as a source of random texts. Reads
// what our own grammars use: literals, classes, groups, alternatives, ? * +.

type Item =
  | { kind: 'literal'; text: string }
  | { kind: 'class'; pattern: RegExp }
  | { kind: 'rule'; name: string }
  | { kind: 'group'; alternatives: Item[][] }
  | { kind: 'repeat'; item: Item; mark: '?' | '*' | '+' };

export class Gbnf {
  readonly #rules = new Map<string, Item[][]>();

  constructor(text: string) {
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const [, name = '', body = ''] = /^([\w-]+) ::= (.*)$/.exec(line) ?? [];
      this.#rules.set(name, readAlternatives({ text: body, at: 0 }));
    }
  }

  toRegExp(): RegExp {
    return new RegExp(`^(?:${this.#pattern(this.#rule('root'))})$`, 'u');
  }

  /** A text of the grammar. `characters`: what may stand where a class allows it. */
  write(random: () => number, characters: readonly string[]): string {
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const one = (item: Item): string => {
      if (item.kind === 'literal') return item.text;
      if (item.kind === 'class') return pick(characters.filter((character) => item.pattern.test(character)));
      if (item.kind === 'rule') return pick(this.#rule(item.name)).map(one).join('');
      if (item.kind === 'group') return pick(item.alternatives).map(one).join('');
      const least = item.mark === '+' ? 1 : 0;
      const most = item.mark === '?' ? 1 : 6;
      const times = least + Math.floor(random() * (most - least + 1));
      return Array.from({ length: times }, () => one(item.item)).join('');
    };
    return pick(this.#rule('root')).map(one).join('');
  }

  #rule(name: string): Item[][] {
    const rule = this.#rules.get(name);
    if (!rule) throw new Error(`no rule ${name}`);
    return rule;
  }

  #pattern(alternatives: Item[][]): string {
    const one = (item: Item): string => {
      if (item.kind === 'literal') return item.text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
      if (item.kind === 'class') return item.pattern.source.slice(1, -1);
      if (item.kind === 'rule') return `(?:${this.#pattern(this.#rule(item.name))})`;
      if (item.kind === 'group') return `(?:${this.#pattern(item.alternatives)})`;
      return `(?:${one(item.item)})${item.mark}`;
    };
    return alternatives.map((items) => items.map(one).join('')).join('|');
  }
}

interface Reading {
  text: string;
  at: number;
}

function readAlternatives(reading: Reading): Item[][] {
  const alternatives: Item[][] = [[]];
  while (reading.at < reading.text.length && reading.text[reading.at] !== ')') {
    const items = alternatives.at(-1) as Item[];
    const character = reading.text[reading.at] as string;
    if (character === '|') {
      alternatives.push([]);
      reading.at++;
    } else if (character === ' ') {
      reading.at++;
    } else if (character === '?' || character === '*' || character === '+') {
      items.push({ kind: 'repeat', item: items.pop() as Item, mark: character });
      reading.at++;
    } else {
      items.push(readItem(reading));
    }
  }
  return alternatives;
}

function readItem(reading: Reading): Item {
  if (reading.text[reading.at] === '(') {
    reading.at++;
    const alternatives = readAlternatives(reading);
    reading.at++;
    return { kind: 'group', alternatives };
  }
  const [whole = ''] = /^(?:"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|[\w-]+)/.exec(reading.text.slice(reading.at)) ?? [];
  if (whole === '') throw new Error(`cannot read ${reading.text.slice(reading.at)}`);
  reading.at += whole.length;
  if (whole.startsWith('"')) return { kind: 'literal', text: JSON.parse(whole) as string };
  if (whole.startsWith('[')) return { kind: 'class', pattern: new RegExp(`^${whole}$`, 'u') };
  return { kind: 'rule', name: whole };
}
