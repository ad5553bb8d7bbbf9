// What a model's tokenizer and its chat template make of texts: prompts, continuations, examples, stop texts, and texts whose
// probabilities are asked for. Computes nothing with the model.
import type { NativeModel, NativeModelInfo } from '../native/addon-types.js';
import { fromNative, IsheepError } from '../shared/errors.js';
import type { Message } from '../shared/rows.js';
import { ChatTemplate, resolveChatTemplate } from './chat-template.js';
import type { OpenTurn, Prompt } from './engine.js';
import { joinTokens } from './join-tokens.js';
import { type NextTexts, planNextTexts } from './next-texts.js';

export class PromptReader {
  readonly #native: NativeModel;
  readonly #info: NativeModelInfo;
  readonly #template: ChatTemplate | null;
  readonly #hasOwnTemplate: boolean;
  #lastTexts: { key: string; plan: NextTexts } | null = null;

  /** @param chosenTemplate A name, a file or a template's text, instead of the model's own. */
  constructor(native: NativeModel, chosenTemplate: string | undefined) {
    this.#native = native;
    this.#info = native.info;
    this.#hasOwnTemplate = chosenTemplate === undefined;
    const source = resolveChatTemplate(chosenTemplate, this.#info.chatTemplate);
    const tools = { info: this.#info, plain: (text: string) => this.#plain(text) };
    this.#template = source === null ? null : new ChatTemplate(source, tools);
  }

  get hasChatTemplate(): boolean {
    return this.#template !== null;
  }

  get writesUserTurns(): boolean {
    return this.#hasOwnTemplate && (this.#template?.opensUserTurn ?? false);
  }

  /** BOS as the GGUF says. An empty raw prompt is the BOS token (EOS where there is none), since a model needs something to
   *  start from. */
  promptTokens(prompt: Prompt | OpenTurn): Int32Array {
    if ('messages' in prompt) return Int32Array.from(this.#chatTemplate().promptTokens(prompt.messages));
    if ('turn' in prompt) return joinTokens(this.#chatTemplate().userTurn.tokens, this.#plain(prompt.begins ?? ''));
    const { bos, eos, addBos } = this.#info;
    const tokens = this.#tokenize(prompt.text, true);
    if (tokens.length === 0) return Int32Array.of(bos >= 0 ? bos : eos);
    return addBos && tokens[0] !== bos ? joinTokens([bos], tokens) : tokens;
  }

  /** Texts by which the template ends what a prompt asks for. */
  stopsOf(prompt: Prompt | OpenTurn): readonly string[] {
    if ('text' in prompt) return [];
    return 'turn' in prompt ? this.#chatTemplate().userTurn.stops : this.#chatTemplate().textStops;
  }

  /** Of a text that goes on behind a raw prompt: no BOS, and no special tokens. */
  continuationTokens(text: string): Int32Array {
    return this.#tokenize(text, false);
  }

  exampleTokens(example: { messages: readonly Message[]; response: string }): { tokens: Int32Array; context: number } {
    const { tokens, context } = this.#chatTemplate().exampleTokens(example.messages, example.response);
    return { tokens: Int32Array.from(tokens), context };
  }

  pieces(tokens: ArrayLike<number>): string[] {
    const special = new Map(this.#info.specialTokens.map(({ id, text }) => [id, text]));
    // Some tokenizers drop the space of a first word, so every token is read behind another.
    const anchor = this.continuationTokens('\n');
    const before = this.#native.detokenize(anchor).length;
    const piece = (token: number) => this.#native.detokenize(joinTokens(anchor, [token])).slice(before);
    return Array.from(tokens, (token) => special.get(token) ?? piece(token));
  }

  /** How to ask for the probabilities of texts behind the token `before`. Requests of a call ask for the same texts in the same
   *  place, so the plan of the last ones is kept. */
  nextTexts(texts: readonly string[], before: number): NextTexts {
    const key = JSON.stringify([before, texts]);
    if (this.#lastTexts?.key === key) return this.#lastTexts.plan;
    const [likely, other] = this.#waysToGoOn(before);
    this.#lastTexts = { key, plan: planNextTexts(texts, likely, other) };
    return this.#lastTexts.plan;
  }

  /** How a text is written after the token `before`: first as it usually is there, then with a space more or less. */
  #waysToGoOn(before: number): [(text: string) => Int32Array, (text: string) => Int32Array] {
    // Behind an anchor, since some tokenizers put a space before a text's first word; not behind one that a space joins.
    const behind = (anchor: string) => {
      const length = this.continuationTokens(anchor).length;
      return (text: string) => this.continuationTokens(anchor + text).subarray(length);
    };
    const [behindLine, behindColon] = [behind('\n'), behind(':')];
    const spaced = (text: string) => behindColon(text.startsWith(' ') ? text : ` ${text}`);
    const bare = (text: string) => (text.startsWith(' ') ? behindColon(text) : behindLine(text));
    const shown = this.#native.detokenize(Int32Array.of(before));
    const atStart = this.continuationTokens('1').join() === bare('1').join() ? bare : spaced;
    const likely = shown === '' ? atStart : /\s$/.test(shown) ? bare : spaced;
    return likely === bare ? [bare, spaced] : [spaced, bare];
  }

  #chatTemplate(): ChatTemplate {
    if (this.#template) return this.#template;
    throw new IsheepError('bad-config', 'the model has no chat template, so it cannot take messages', {
      hint: 'give one with --chat-template NAME|FILE',
    });
  }

  #plain(text: string): readonly number[] {
    return [...this.continuationTokens(text)];
  }

  #tokenize(text: string, special: boolean): Int32Array {
    try {
      return this.#native.tokenize([text], special)[0] as Int32Array;
    } catch (error) {
      throw fromNative(error);
    }
  }
}
