// By which chat template an adapter was trained. It says so itself and holds the text, so that whatever opens it goes by the
// same, though the file that the template came from has changed or is on another machine.
import { createHash } from 'node:crypto';

import { isBuiltInTemplate, resolveChatTemplate } from '../engine/chat-template.js';
import { adapterMetadata } from '../engine/merge.js';
import { IsheepError } from '../shared/errors.js';

const identityKey = 'isheep.chat-template';
/** As GGUF has it for models. */
const textKey = 'tokenizer.chat_template';

/** Name of a template, or sha256 of its text; null: the model's own. Throws what `resolveChatTemplate` does. */
export function chatTemplateIdentity(chatTemplate: string | undefined): string | null {
  if (chatTemplate === undefined || isBuiltInTemplate(chatTemplate)) return chatTemplate ?? null;
  const text = resolveChatTemplate(chatTemplate, null) ?? '';
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** What an adapter says of the template that it is trained with: nothing where that is the model's own. */
export function templateMetadata(chatTemplate: string | undefined): Record<string, string> {
  const identity = chatTemplateIdentity(chatTemplate);
  const text = resolveChatTemplate(chatTemplate, null);
  return identity === null || text === null ? {} : { [identityKey]: identity, [textKey]: text };
}

/** The template that the adapters were trained with, a name or its text, so that a model with them talks by it; undefined where
 *  that is the base's own. Throws `bad-input` where they differ, where `given` is another, and where an
 *  adapter holds a hash alone and none is given. */
export function trainedTemplate(adapters: readonly string[], given?: string): string | undefined {
  const named = new Map(
    adapters.map(adapterMetadata).flatMap(({ [identityKey]: name, [textKey]: text }) => (name ? [[name, text]] : [])),
  );
  if (named.size > 1) {
    throw new IsheepError(
      'bad-input',
      `the adapters were trained with different chat templates: ${[...named.keys()].join(', ')}`,
      { hint: 'merge adapters of one template' },
    );
  }
  const [[name, text] = []] = named;
  if (name === undefined || (given !== undefined && chatTemplateIdentity(given) === name)) return given;
  if (given !== undefined) {
    throw new IsheepError(
      'bad-input',
      `the adapter was trained with the chat template ${name}; --chat-template ${given} is another`,
      { hint: 'leave it out: the adapter knows its own' },
    );
  }
  const isAsNow = isBuiltInTemplate(name) && (text === undefined || text === resolveChatTemplate(name, null));
  if (isAsNow) return name;
  if (text !== undefined) return text;
  throw new IsheepError('bad-input', `the adapter was trained with the chat template ${name}, which it does not hold`, {
    hint: 'give its file with --chat-template FILE, so that the model talks as it was trained',
  });
}
