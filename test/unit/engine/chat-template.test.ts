import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  ChatTemplate,
  checkChatTemplate,
  continuedTokens,
  resolveChatTemplate,
  type Tokenizer,
} from '../../../src/engine/chat-template.js';

// A tokenizer of one token a character; control tokens have the ids below 10.
const special = (id: number, text: string, strips: { left?: boolean; right?: boolean } = {}) => {
  return { id, text, stripsLeft: strips.left ?? false, stripsRight: strips.right ?? false };
};
const plain = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) ?? 0);

function tokenizer(info: Partial<Tokenizer['info']> = {}): Tokenizer {
  return {
    info: {
      specialTokens: [special(1, '<s>'), special(2, '</s>'), special(3, '<user>'), special(4, '<user>\n')],
      endTokens: [2],
      bos: 1,
      eos: 2,
      addBos: false,
      bosText: '<s>',
      eosText: '</s>',
      ...info,
    },
    plain,
  };
}

const source =
  "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{{ '</s>' if m.role == 'assistant' else '|' }}{% endfor %}" +
  '{% if add_generation_prompt %}<assistant>{% endif %}';

const user = (content: string) => ({ role: 'user' as const, content });

/** Tokens with special ones in angle brackets, as text to compare. */
const shown = (tokens: readonly number[]): string => {
  return tokens.map((token) => (token < 10 ? `[${token}]` : String.fromCodePoint(token))).join('');
};

describe('a prompt', () => {
  test("has the template's special tokens and the content as plain text", () => {
    const template = new ChatTemplate(source, tokenizer());
    expect(shown(template.promptTokens([user(' Hi ')]))).toBe('[3]Hi|<assistant>');
    expect(shown(template.promptTokens([user('a </s> b <user>')]))).toBe('[3]a </s> b <user>|<assistant>');
  });

  test('takes the longest special text where two begin at one place', () => {
    const template = new ChatTemplate('<user>\n{{ messages[0].content }}', tokenizer());
    expect(shown(template.promptTokens([user('x')]))).toBe('[4]x');
  });

  test('keeps special texts plain that overlap, and contents with private-use characters', () => {
    const template = new ChatTemplate(source, tokenizer({ specialTokens: [special(3, '<user>'), special(5, 'abab')] }));
    expect(shown(template.promptTokens([user('ababab')]))).toBe('[3]ababab|<assistant>');
    expect(shown(template.promptTokens([user('\uE000abab\uE001')]))).toBe('[3]\uE000abab\uE001|<assistant>');
  });

  test('has BOS in front where the GGUF says so, once', () => {
    expect(shown(new ChatTemplate(source, tokenizer({ addBos: true })).promptTokens([user('x')]))).toBe(
      '[1][3]x|<assistant>',
    );
    const withBos = new ChatTemplate('{{ bos_token }}x', tokenizer({ addBos: true }));
    expect(shown(withBos.promptTokens([user('y')]))).toBe('[1]x');
  });

  test('loses the white space that the tokenizer drops beside a special token', () => {
    const specialTokens = [special(3, '<user>', { left: true, right: true })];
    const template = new ChatTemplate('a \n<user> \t{{ messages[0].content }}', tokenizer({ specialTokens }));
    expect(shown(template.promptTokens([user('b')]))).toBe('a[3]b');
  });
});

describe('an example', () => {
  test('is the prompt and then the response up to the token that ends its turn', () => {
    const template = new ChatTemplate(source, tokenizer());
    const { tokens, context } = template.exampleTokens([user('Hi')], 'Ho </s> ho');
    expect(shown(tokens.slice(0, context))).toBe('[3]Hi|<assistant>');
    expect(shown(tokens.slice(context))).toBe('Ho </s> ho[2]');
  });

  test('ends with EOS in the place of words that the template ends a turn with', () => {
    const template = new ChatTemplate('{% for m in messages %}{{ m.content }};{% endfor %}', tokenizer());
    const { tokens, context } = template.exampleTokens([user('Hi')], 'Ho;');
    expect([shown(tokens.slice(0, context)), shown(tokens.slice(context))]).toEqual(['Hi;', 'Ho;[2]']);
    const chatml = new ChatTemplate(resolveChatTemplate('chatml', null) ?? '', tokenizer());
    const example = chatml.exampleTokens([user('Hi')], 'Ho <|im_end|>');
    expect(shown(example.tokens.slice(example.context))).toBe('Ho <|im_end|>[2]');
  });

  test('takes the response as it is where the template writes the prompt otherwise with it', () => {
    const template = new ChatTemplate(
      '{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}',
      tokenizer(),
    );
    const { tokens, context } = template.exampleTokens([user('Hi')], 'Ho');
    expect([shown(tokens.slice(0, context)), shown(tokens.slice(context))]).toEqual(['1Hi', 'Ho[2]']);
  });
});

test('a text that continues another has no space that the tokenizer adds to a first word', () => {
  const spaced: Tokenizer = { ...tokenizer(), plain: (text) => plain(` ${text}`) };
  expect(shown(continuedTokens(spaced, 'Ho'))).toBe('Ho');
  expect(shown(continuedTokens(tokenizer(), 'Ho'))).toBe('Ho');
});

describe('the texts that end a response', () => {
  const stopsOf = (template: string, info: Partial<Tokenizer['info']> = {}) =>
    new ChatTemplate(resolveChatTemplate(template, null) ?? '', tokenizer(info)).textStops;

  test('are those with which a template of words goes on behind it', () => {
    expect(stopsOf('chatml')).toEqual(['<|im_end|>', '\n<|im_start|>user']);
    expect(stopsOf('plain')).toEqual(['\nUser:']);
  });

  test('are none where tokens of the model part turns', () => {
    const own = [special(5, '<|im_start|>'), special(6, '<|im_end|>')];
    expect(stopsOf('chatml', { specialTokens: own, endTokens: [6] })).toEqual([]);
    expect(new ChatTemplate(source, tokenizer()).textStops).toEqual([]);
  });

  test('are none of a template that refuses a conversation or writes one turn only', () => {
    expect(new ChatTemplate("{{ raise_exception('one turn') }}", tokenizer()).textStops).toEqual([]);
    expect(new ChatTemplate('{{ messages[0].content }}', tokenizer()).textStops).toEqual([]);
  });
});

describe("a user's turn that the model writes", () => {
  const turnOf = (template: string, info: Partial<Tokenizer['info']> = {}) => {
    const { tokens, stops } = new ChatTemplate(resolveChatTemplate(template, template) ?? '', tokenizer(info)).userTurn;
    return [shown(tokens), stops];
  };
  const ofTokens = { specialTokens: [special(5, '<|im_start|>'), special(6, '<|im_end|>')], endTokens: [6] };

  test('begins behind what the template writes before it, and ends by its token', () => {
    expect(turnOf('chatml', ofTokens)).toEqual(['[5]user\n', []]);
    expect(turnOf('chatml', { ...ofTokens, addBos: true })).toEqual(['[1][5]user\n', []]);
  });

  test('ends by the words with which a template goes on behind it', () => {
    expect(turnOf('plain')).toEqual(['User:\n', ['\nAssistant:']]);
    expect(turnOf('chatml')).toEqual(['<|im_start|>user\n', ['<|im_end|>', '\n<|im_start|>assistant']]);
  });

  test.each([
    ['writes nothing', 'no words'],
    ['changes the words', '{{ messages[0].content | upper }}</s>'],
    ['ends them by nothing', '<user>{{ messages[0].content }}'],
    ['ends them by a token that ends no completion', '<s>{{ messages[0].content }}<user>'],
  ])('is refused where the template %s', (_what, template) => {
    expect(() => new ChatTemplate(template, tokenizer()).userTurn).toThrow(
      expect.objectContaining({
        code: 'bad-config',
        message: "the chat template does not end a user's turn in a way that ends a completion",
      }),
    );
  });
});

describe('the choice of a template', () => {
  test("is the model's own where none is named", () => {
    expect(resolveChatTemplate(undefined, 'own')).toBe('own');
    expect(resolveChatTemplate(undefined, null)).toBeNull();
  });

  test('may be a name: chatml and plain', () => {
    const chatml = new ChatTemplate(resolveChatTemplate('chatml', null) ?? '', tokenizer());
    expect(shown(chatml.promptTokens([{ role: 'system', content: 'S' }, user('U')]))).toBe(
      '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\n',
    );
    const words = new ChatTemplate(resolveChatTemplate('plain', 'own') ?? '', tokenizer());
    const { tokens } = words.exampleTokens([user('U')], 'A');
    expect(shown(tokens)).toBe('User:\nU\n\nAssistant:\nA[2]');
  });

  test('may be given as its text', () => {
    const text = '{% for m in messages %}{{ m.content }}\n{% endfor %}';
    expect(resolveChatTemplate(text, null)).toBe(text);
  });

  test('may be a file', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-template-'));
    writeFileSync(path.join(folder, 'own.jinja'), 'from a file');
    expect(resolveChatTemplate(path.join(folder, 'own.jinja'), null)).toBe('from a file');
    rmSync(folder, { recursive: true });
  });

  test('may be a file with line ends of any system, and no folder', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-template-'));
    writeFileSync(path.join(folder, 'own.jinja'), '\uFEFFtwo\r\nlines');
    expect(resolveChatTemplate(path.join(folder, 'own.jinja'), null)).toBe('two\nlines');
    const folderError = { code: 'bad-input', message: `cannot read ${folder}: it is a folder, not a file` };
    expect(() => resolveChatTemplate(folder, null)).toThrow(expect.objectContaining(folderError) as Error);
    rmSync(folder, { recursive: true });
  });

  test('is checked without a model', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-template-'));
    const file = path.join(folder, 'own.jinja');
    writeFileSync(file, '{% for %}');
    expect(() => checkChatTemplate(file)).toThrow(/^the chat template cannot be read: /);
    for (const fine of [undefined, 'chatml', 'plain']) expect(() => checkChatTemplate(fine)).not.toThrow();
    rmSync(folder, { recursive: true });
  });

  test.each(['chatlm', 'constructor'])('that is neither is an error that names what there is: %s', (name) => {
    expect(() => resolveChatTemplate(name, null)).toThrow(
      expect.objectContaining({
        code: 'bad-config',
        message: `chatTemplate "${name}" is neither a known template nor a file`,
        hint: 'known templates: chatml, plain',
      }) as Error,
    );
  });
});

test('a template that cannot be read, or that refuses the messages, is an error', () => {
  expect(() => new ChatTemplate('{% for %}', tokenizer())).toThrow(/^the chat template cannot be read: /);
  const refusing = new ChatTemplate("{{ raise_exception('no system turns') }}", tokenizer());
  expect(() => refusing.promptTokens([user('x')])).toThrow('the chat template refuses the messages: no system turns');
});
