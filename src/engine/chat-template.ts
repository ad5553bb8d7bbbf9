// Messages as tokens: the model's Jinja chat template, rendered so that only the template yields special tokens.
//
// A content may hold the text of a special token ("<|im_end|>"). Such a text is broken by a private-use character before
// rendering, so that the rendered text can be split at the special tokens that the template wrote; the character is
// removed from the texts between them, which are then tokenized as plain text. For ordinary contents the tokens are
// those of the whole rendered text.
import { existsSync } from 'node:fs';

import { Template } from '@huggingface/jinja';

import type { NativeModelInfo } from '../native/addon-types.js';
import { IsheepError } from '../shared/errors.js';
import { readText } from '../shared/read-file.js';
import type { Message } from '../shared/rows.js';

/** Templates for models that carry none, by the name that --chat-template takes. */
const builtInTemplates = {
  chatml:
    "{% for message in messages %}{{ '<|im_start|>' ~ message.role ~ '\\n' ~ message.content ~ '<|im_end|>\\n' }}" +
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  // Words only, for base models without tokens for turns; the end token closes an answer.
  plain:
    "{% for message in messages %}{{ message.role | capitalize ~ ':\\n' ~ message.content }}" +
    "{% if message.role == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n\\n' }}{% endfor %}" +
    "{% if add_generation_prompt %}{{ 'Assistant:\\n' }}{% endif %}",
} as const;

/** Such a name means no file, also where there is one of that name. */
export function isBuiltInTemplate(name: string): name is keyof typeof builtInTemplates {
  return Object.hasOwn(builtInTemplates, name);
}

/** No name and hardly a path has what every template writes its messages by. */
function isTemplateText(text: string): boolean {
  return text.includes('{{');
}

/** A piece of a rendered text: a special token of the template, or plain text. */
export type Piece = { token: number } | { text: string };

type TokenizerInfo = Pick<
  NativeModelInfo,
  'specialTokens' | 'endTokens' | 'bos' | 'eos' | 'addBos' | 'bosText' | 'eosText'
>;

export interface Tokenizer {
  info: TokenizerInfo;
  /** Tokens of a text in which no special token is looked for. */
  plain(text: string): readonly number[];
}

/** The text of the template that `chatTemplate` (a name, a file, or that text itself; undefined: the model's own) means, or
 *  null where the model has none. Throws `bad-config` for what is none of these, and `bad-input` for a file that cannot be read. */
export function resolveChatTemplate(chatTemplate: string | undefined, ofModel: string | null): string | null {
  if (chatTemplate === undefined) return ofModel;
  if (isBuiltInTemplate(chatTemplate)) return builtInTemplates[chatTemplate];
  if (existsSync(chatTemplate)) return readText(chatTemplate);
  if (isTemplateText(chatTemplate)) return chatTemplate;
  const names = Object.keys(builtInTemplates).join(', ');
  throw new IsheepError('bad-config', `chatTemplate "${chatTemplate}" is neither a known template nor a file`, {
    hint: `known templates: ${names}`,
  });
}

/** Throws what `resolveChatTemplate` does, and `bad-config` where the text is no template, before there is a model. */
export function checkChatTemplate(chatTemplate: string | undefined): void {
  const source = resolveChatTemplate(chatTemplate, null);
  if (source !== null) readTemplate(source);
}

function readTemplate(source: string): Template {
  try {
    return new Template(source);
  } catch (error) {
    throw new IsheepError('bad-config', `the chat template cannot be read: ${messageOf(error)}`, {
      hint: 'give another one with chatTemplate',
      cause: error,
    });
  }
}

export class ChatTemplate {
  readonly #template: Template;
  readonly #tokenizer: Tokenizer;
  readonly #specialByText: ReadonlyMap<string, TokenizerInfo['specialTokens'][number]>;
  readonly #specialPattern: RegExp | null;
  readonly #source: string;
  #turns: TextTurns | undefined;

  /** Throws `bad-config` where `source` is not a template. */
  constructor(source: string, tokenizer: Tokenizer) {
    this.#source = source;
    this.#tokenizer = tokenizer;
    this.#specialByText = new Map(tokenizer.info.specialTokens.map((special) => [special.text, special]));
    this.#specialPattern = patternOf([...this.#specialByText.keys()]);
    this.#template = readTemplate(source);
  }

  /** The tokens of a prompt that asks for the assistant's turn, BOS as the GGUF says. */
  promptTokens(messages: readonly Message[]): number[] {
    const { text, mark } = this.#render(messages, true);
    return this.#withBos(this.#tokens(this.#split(text, mark), false));
  }

  /** Texts that end a response where the template parts turns by words, which a model writes as it writes any others; none
   *  where it parts them by tokens of the model. */
  get textStops(): readonly string[] {
    return this.#textTurns().stops;
  }

  /** The tokens up to where the words of a conversation's first user stand, BOS as the GGUF says, and the texts that end them;
   *  none where a token of the model does. Throws `bad-config` where the template writes neither, or not the user's words as
   *  they are. */
  get userTurn(): { tokens: number[]; stops: readonly string[] } {
    const words = 'what the user says';
    const { text, mark } = this.#render([{ role: 'user', content: words }], true);
    const [before, after = ''] = text.split(words);
    const [end] = this.#split(after, mark);
    const endsByToken = end !== undefined && 'token' in end && this.#tokenizer.info.endTokens.includes(end.token);
    const stops = endsByToken || end === undefined || 'token' in end ? [] : stopsOf(end.text, []);
    if (before === undefined || before === text || (!endsByToken && stops.length === 0)) {
      throw new IsheepError(
        'bad-config',
        "the chat template does not end a user's turn in a way that ends a completion",
        {
          hint: 'let instructions be written from seeds: --synthesize-method seeds',
        },
      );
    }
    return { tokens: this.#withBos(this.#tokens(this.#split(before, mark), false)), stops };
  }

  /** Whether there is a `userTurn`. */
  get opensUserTurn(): boolean {
    try {
      return this.userTurn.tokens.length > 0;
    } catch {
      return false;
    }
  }

  /** A pair as it is trained: the prompt's tokens, then the response as the template writes it, up to and including the
   *  first token that ends the turn. Where the template writes none, the EOS token stands in the place of the words that it
   *  ends a turn with. `context`: how many are the prompt. */
  exampleTokens(messages: readonly Message[], response: string): { tokens: number[]; context: number } {
    const whole: Message[] = [...messages, { role: 'assistant', content: response }];
    const mark = this.#markFor(whole);
    const prompt = this.#render(messages, true, mark);
    const full = this.#render(whole, false, mark);
    const promptPieces = this.#split(prompt.text, mark);
    // A template that writes a turn of the past otherwise than one it asks for has no common rest.
    const rest = full.text.startsWith(prompt.text)
      ? this.#split(withoutEnd(full.text.slice(prompt.text.length), this.#textTurns().end), mark)
      : [{ text: response }];
    const context = this.#withBos(this.#tokens(promptPieces, false));
    const continues = promptPieces.length > 0 && 'text' in (promptPieces.at(-1) as Piece);
    return { tokens: [...context, ...this.#responseTokens(rest, continues)], context: context.length };
  }

  #responseTokens(pieces: readonly Piece[], continues: boolean): number[] {
    const { endTokens, eos } = this.#tokenizer.info;
    const end = pieces.findIndex((piece) => 'token' in piece && endTokens.includes(piece.token));
    if (end >= 0) return this.#tokens(pieces.slice(0, end + 1), continues);
    return [...this.#tokens(pieces, continues), ...(eos >= 0 ? [eos] : [])];
  }

  #textTurns(): TextTurns {
    return (this.#turns ??= textTurns((messages) => this.#render(messages, false).text, this.#tokenizer.info));
  }

  #withBos(tokens: number[]): number[] {
    const { addBos, bos } = this.#tokenizer.info;
    return addBos && bos >= 0 && tokens[0] !== bos ? [bos, ...tokens] : tokens;
  }

  #render(messages: readonly Message[], asks: boolean, mark = this.#markFor(messages)): { text: string; mark: string } {
    const broken = messages.map(({ role, content }) => ({ role, content: this.#breakSpecials(content, mark) }));
    const { bosText, eosText } = this.#tokenizer.info;
    try {
      const text = this.#template.render({
        messages: broken,
        add_generation_prompt: asks,
        bos_token: bosText,
        eos_token: eosText,
      });
      return { text, mark };
    } catch (error) {
      throw new IsheepError('bad-input', `the chat template refuses the messages: ${messageOf(error)}`, {
        hint: `roles were ${messages.map((message) => message.role).join(', ')}`,
        cause: error,
      });
    }
  }

  /** A private-use character that neither the template nor a content holds. */
  #markFor(messages: readonly Message[]): string {
    for (let code = 0xe000; code < 0xf8ff; code++) {
      const mark = String.fromCharCode(code);
      if (!this.#source.includes(mark) && messages.every((message) => !message.content.includes(mark))) return mark;
    }
    throw new IsheepError('bad-input', 'the messages use every private-use character');
  }

  #breakSpecials(content: string, mark: string): string {
    if (!this.#specialPattern) return content;
    let broken = content;
    // Again until nothing is found: breaking one text may leave another that overlapped it.
    for (let before = ''; before !== broken;) {
      before = broken;
      broken = broken.replace(this.#specialPattern, (text) => `${text.slice(0, 1)}${mark}${text.slice(1)}`);
    }
    return broken;
  }

  /** The rendered text at its special tokens, the longest where several begin at one place. */
  #split(text: string, mark: string): Piece[] {
    const pieces: Piece[] = [];
    let start = 0;
    let stripsNext = false;
    const addText = (end: number, stripsLeft: boolean): void => {
      let run = text.slice(start, end).replaceAll(mark, '');
      if (stripsNext) run = run.replace(/^[ \t\n\v\f\r]+/, '');
      if (stripsLeft) run = run.replace(/[ \t\n\v\f\r]+$/, '');
      if (run !== '') pieces.push({ text: run });
    };
    for (const match of this.#specialPattern ? text.matchAll(this.#specialPattern) : []) {
      const special = this.#specialByText.get(match[0]);
      if (!special) continue;
      addText(match.index, special.stripsLeft);
      pieces.push({ token: special.id });
      start = match.index + match[0].length;
      stripsNext = special.stripsRight;
    }
    addText(text.length, false);
    return pieces;
  }

  #tokens(pieces: readonly Piece[], continues: boolean): number[] {
    return pieces.flatMap((piece, i) => {
      if ('token' in piece) return [piece.token];
      return i === 0 && continues
        ? continuedTokens(this.#tokenizer, piece.text)
        : [...this.#tokenizer.plain(piece.text)];
    });
  }
}

/** How a template parts turns by words. */
interface TextTurns {
  /** What it writes behind a response; "" where that holds a special token. */
  end: string;
  stops: string[];
}

/** Read off a conversation of two turns and the next. A template that refuses that, or drops a turn, has none. */
function textTurns(render: (messages: readonly Message[]) => string, info: TokenizerInfo): TextTurns {
  const [asked, answered, next] = ['first question', 'the answer to it', 'another question'] as const;
  const turns: Message[] = [
    { role: 'user', content: asked },
    { role: 'assistant', content: answered },
    { role: 'user', content: next },
  ];
  const behindAnswer = (text: string) => text.split(answered)[1];
  try {
    const end = behindAnswer(render(turns.slice(0, 2))) ?? '';
    const between = behindAnswer(render(turns))?.split(next)[0] ?? '';
    const holds = (text: string) => info.specialTokens.filter((special) => text.includes(special.text));
    const isOfWords = holds(between).every(({ id }) => info.endTokens.includes(id));
    return { end: holds(end).length === 0 ? end : '', stops: isOfWords ? stopsOf(between, holds(between)) : [] };
  } catch {
    return { end: '', stops: [] };
  }
}

/** Each line between two turns; all but one right behind the response begin with their line end. */
function stopsOf(between: string, ends: readonly { text: string }[]): string[] {
  const words = ends.reduce((text, { text: end }) => text.replaceAll(end, ''), between);
  const [first = '', ...lines] = words.split('\n').map((line) => line.trimEnd());
  const stops = [first, ...lines.map((line) => (line === '' ? '' : `\n${line}`))];
  return [...new Set(stops.filter((stop) => stop.trim().length > 2))];
}

function withoutEnd(text: string, end: string): string {
  return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
}

/** Tokens of a text that continues a text before it: without the space that some tokenizers put before a first word. */
export function continuedTokens(tokenizer: Tokenizer, text: string): number[] {
  const anchor = tokenizer.plain('\n');
  const anchored = tokenizer.plain(`\n${text}`);
  const apart = anchor.every((token, i) => anchored[i] === token);
  return apart ? [...anchored.slice(anchor.length)] : [...tokenizer.plain(text)];
}

function patternOf(texts: readonly string[]): RegExp | null {
  // A text of one character cannot be broken, and no model has such a control token.
  const usable = texts.filter((text) => text.length > 1).sort((a, b) => b.length - a.length);
  if (usable.length === 0) return null;
  return new RegExp(usable.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
