// By which chat template an adapter was trained, as it says itself: what generates, evaluates or merges with it goes by the same.
import { isBuiltInTemplate } from '../engine/chat-template.js';
import { adapterMetadata } from '../engine/merge.js';
import { IsheepError } from '../shared/errors.js';
import { chatTemplateIdentity } from './run-config.js';

/** Name or file of the template that the adapters were trained with, so that a model with them talks by it; undefined where
 *  they were trained with the base's own. `given` is needed where an adapter names a file by its hash. Throws `bad-input` where
 *  `given` is another, or is lacking. */
export function trainedTemplate(adapters: readonly string[], given: string | undefined): string | undefined {
  const names = new Set(adapters.flatMap((file) => adapterMetadata(file)['isheep.chat-template'] ?? []));
  if (names.size > 1) {
    throw new IsheepError(
      'bad-input',
      `the adapters were trained with different chat templates: ${[...names].join(', ')}`,
      {
        hint: 'merge adapters of one template',
      },
    );
  }
  const [name] = names;
  if (name === undefined || name === given || (given !== undefined && chatTemplateIdentity(given) === name))
    return given;
  if (given !== undefined) {
    throw new IsheepError(
      'bad-input',
      `the adapter was trained with the chat template ${name}; --chat-template ${given} is another`,
      {
        hint: 'give the template that it was trained with',
      },
    );
  }
  if (isBuiltInTemplate(name)) return name;
  throw new IsheepError(
    'bad-input',
    `the adapter was trained with a chat template of a file, ${name}, which it does not hold`,
    {
      hint: 'give that file with --chat-template FILE, so that the model talks as it was trained',
    },
  );
}
