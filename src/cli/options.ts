// Options as data: what each is called, what it may be, and which configuration key it sets. The help, the checks and
// the reference are all made of these.
import { z } from 'zod';

import { presetNames } from '../config/presets.js';
import { endpointKeys } from '../config/schema.js';
import { defaultInWords, settingOf, settings } from '../config/settings.js';
import { expectation, valueSchema, type ValueSchema } from '../config/wording.js';

export interface CommandOption {
  /** `learning-rate`; the command line has it as `--learning-rate`. */
  name: string;
  description: string;
  schema: ValueSchema;
  /** The key of the configuration that it sets; checked with the rest of the configuration. */
  key?: string;
  /** Checks an option that is not a setting. */
  check?: z.ZodType;
  required?: boolean;
  /** Another option, with which this one is not required. */
  unless?: string;
  /** May be given several times, or with several values. */
  repeatable?: boolean;
  /** Of a path: what is written there, which must be possible before the work begins. */
  writes?: 'file' | 'folder';
  /** Shown in the help where it is not the setting's own. */
  defaultText?: string;
  /** Heading in the help. */
  group: string;
}

export const commonGroup = 'Common options:';

type Details = Partial<Pick<CommandOption, 'required' | 'unless' | 'repeatable' | 'writes' | 'defaultText' | 'group'>>;

/** An option that is no setting. */
export function option(name: string, description: string, check: z.ZodType, details: Details = {}): CommandOption {
  return { name, description, check, schema: valueSchema(check), group: 'Options:', ...details };
}

/** A file or folder. */
export function pathOption(name: string, description: string, details: Details = {}): CommandOption {
  return option(name, description, z.string().min(1), details);
}

/** A setting under a name of this command's own: `--rank` for train.rank. */
export function settingOption(
  key: string,
  name: string,
  details: Details & { description?: string } = {},
): CommandOption {
  const setting = settingOf(key);
  return { name, description: setting.description, schema: setting.schema, key, group: 'Options:', ...details };
}

/** Every key of the configuration, under the name that follows from the key. */
export function allSettings(): CommandOption[] {
  const elsewhere = new Set([...modelSettings, ...endpointOptions.map(({ key }) => key)]);
  return settings
    .filter((setting) => !elsewhere.has(setting.key))
    .map(({ key, option: name, section, description, schema }) => ({
      name,
      description,
      schema,
      key,
      group: section === '' ? 'The whole run:' : `${section[0]?.toUpperCase() ?? ''}${section.slice(1)}:`,
    }));
}

/** Of every command. */
export const outputOptions: readonly CommandOption[] = [
  option('json', 'print one JSON object at the end, nothing else, on standard output', z.boolean(), {
    group: commonGroup,
  }),
  option('quiet', 'no progress and no notes', z.boolean(), { group: commonGroup }),
  option('offline', 'use no network; only `isheep fetch` and an endpoint elsewhere ever do', z.boolean(), {
    group: commonGroup,
  }),
];

const modelSettings = ['model', 'device', 'threads', 'seed'];

/** Of the commands that work with a model. */
export const modelOptions: readonly CommandOption[] = [
  ...modelSettings.map((key) => settingOption(key, key, { group: commonGroup })),
  pathOption('config', 'a configuration file (JSON), see docs/configuration.md', { group: commonGroup }),
];

/** How a local model computes many requests at once. */
export const inferenceOptions: readonly CommandOption[] = [
  settingOption('inference.batchTokens', 'batch-tokens'),
  settingOption('inference.cacheMemory', 'cache-memory'),
  settingOption('inference.packedMemory', 'packed-memory'),
];

/** Of the commands that can work with the model behind an endpoint instead. */
export const endpointOptions: readonly CommandOption[] = ['engine', ...endpointKeys].map((key) =>
  settingOption(key, settingOf(key).option, { group: 'An endpoint instead of a local model:' }),
);

export const adapterOption: CommandOption = pathOption(
  'adapter',
  'a LoRA adapter (GGUF) that is applied to the model',
  {
    group: commonGroup,
  },
);

export const presetOption: CommandOption = option('preset', 'a set of settings', z.enum(presetNames), {
  group: 'The run:',
  defaultText: 'laptop',
});

export const chatTemplateOption: CommandOption = settingOption('chatTemplate', 'chat-template');

export const inputJoinerOption: CommandOption = settingOption('inputJoiner', 'input-joiner', {
  description: 'what stands between instruction and input',
});

/** Its default in words, or that it must be given. */
export function optionDefault(option: CommandOption): string | undefined {
  if (option.required) return requiredInWords(option);
  return option.defaultText ?? (option.key === undefined ? undefined : defaultInWords(option.schema));
}

/** `required`, and where it is not. */
export function requiredInWords({ unless }: CommandOption): string {
  return unless === undefined ? 'required' : `required without --${unless}`;
}

/** What it may be, ` (a whole number from 1 to 256)`; empty where its description says all. */
export function valueInWords({ schema }: CommandOption): string {
  if (schema.type === 'boolean' || (schema.type === 'string' && !schema.enum)) return '';
  if (schema.type === 'array' && !schema.items?.enum) return '';
  return ` (${expectation(schema)})`;
}
