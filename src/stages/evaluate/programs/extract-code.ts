// The program in a chat model's answer.

const fence = /^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n([\s\S]*?)(?:^[ \t]*```|(?![\s\S]))/gm;

/** What stands in the answer's block of code: the first one that defines a function of these names, else the first one
 *  of Python or of no language. The answer itself where it has no block, since then it may be nothing but code. A block that nothing closes lasts
 *  to the end. */
export function extractCode(answer: string, names: readonly string[]): string {
  const blocks = [...answer.replace(/\r\n?/g, '\n').matchAll(fence)].map(([, language = '', code = '']) => ({
    isPython: ['', 'py', 'python', 'python3'].includes(language.toLowerCase()),
    code,
  }));
  if (blocks.length === 0) return answer;
  const best =
    blocks.find(({ code }) => names.some((name) => defines(code, name))) ??
    blocks.find(({ isPython }) => isPython) ??
    blocks[0];
  return best?.code ?? answer;
}

/** Whether a function of that name (letters, digits and _) stands in it, not inside another one. */
export function defines(code: string, name: string): boolean {
  return new RegExp(`^(?:async )?def ${name}\\s*\\(`, 'm').test(code);
}
