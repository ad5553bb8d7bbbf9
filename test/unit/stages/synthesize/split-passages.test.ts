import { describe, expect, it } from 'vitest';

import { splitPassages } from '../../../../src/stages/synthesize/split-passages.js';

let sentences = 0;
/** So many words in sentences of ten. */
function prose(words: number): string {
  return Array.from({ length: words }, (_, i) => (i % 10 === 9 ? 'end.' : `w${sentences++ % 7}`)).join(' ');
}
const sizes = (passages: readonly string[]) => passages.map((text) => text.split(/\s+/).length);

describe('splitPassages', () => {
  it.each([
    ['joins paragraphs until there are 60 words', [30, 30, 80, 20, 50], [60, 80, 70]],
    ['does not join above 200 words', [50, 180, 60], [50, 180, 60]],
    ['joins a short rest to the passage before it', [100, 10], [110]],
    ['leaves a short rest out that would make it too long', [195, 10], [195]],
    ['cuts a long paragraph into parts of about equal length', [450], [150, 150, 150]],
    ['has nothing of a text that is too short', [19], []],
    ['takes a short text that is long enough', [20], [20]],
    ['has nothing of nothing', [], []],
  ])('%s', (_, paragraphs, expected) => {
    expect(sizes(splitPassages(paragraphs.map(prose).join('\n\n')))).toEqual(expected);
  });

  it('keeps the words of a passage as they are, lines and indentation included', () => {
    const text = `${prose(40)}\n  - one\n  - two\n \t\n${prose(30)}`;
    expect(splitPassages(`\n\n${text}\n\n`)).toEqual([text.replace(/\n \t\n/, '\n\n')]);
  });

  it('ends the parts of a long paragraph with a sentence', () => {
    for (const passage of splitPassages(prose(390))) expect(passage).toMatch(/end\.$/);
  });

  it('cuts where there are no sentences, and where there are no spaces', () => {
    const words = splitPassages(Array.from({ length: 450 }, () => 'word').join(' '));
    expect(Math.max(...sizes(words))).toBeLessThanOrEqual(200);
    expect(words.join(' ').split(' ')).toHaveLength(450);
    const characters = splitPassages('字'.repeat(4000));
    expect(characters.map((text) => text.length)).toEqual([1600, 1600, 800]);
  });

  it('keeps a Markdown heading, without its marks, with what follows it, and begins a passage there', () => {
    const [first, second, third] = [prose(30), prose(40), prose(70)];
    const markdown = `# Title\n\n${first}\n\n## Part #\n\n\n${second}\n\n${third}`;
    expect(splitPassages(markdown, true)).toEqual([`Title\n${first}`, `Part\n${second}\n\n${third}`]);
    expect(splitPassages(markdown)).toEqual([`# Title\n\n${first}\n\n## Part #\n\n${second}`, third].map(String));
  });

  it('takes a comment in a code block for no heading', () => {
    const markdown = `${prose(30)}\n\n\`\`\`\n# a comment\nmake\n\`\`\`\n\n${prose(30)}`;
    expect(splitPassages(markdown, true)).toEqual([markdown]);
  });
});
