// What the settings say of an endpoint, and what does not go together with one. The key comes from the environment alone,
// so that it stands in no configuration, record, history or process list.
import { isLoopback } from '../../engine/endpoint/http.js';
import type { EngineOptions } from '../../engine/create-engine.js';
import type { EngineOverrides } from '../../engine/engine-options.js';
import { IsheepError } from '../../shared/errors.js';
import type { CommandCall } from '../command.js';

/** What a command line and the environment say of the engine beside the settings. Throws `bad-config`. */
export function overridesOf({ config, values, output }: CommandCall): EngineOverrides {
  const parallel = values.number('parallel');
  if (config.engine === 'local' || config.baseUrl === undefined) return { parallel };
  refuseOffline(values.flag('offline'), config.baseUrl);
  return { parallel, apiKey: keyOf(output.streams.env.ISHEEP_API_KEY) };
}

/** Another endpoint than the settings name, such as a judge's: the first model that it offers. Throws `bad-config`. */
export function endpointAt({ values, output }: CommandCall, baseUrl: string): NonNullable<EngineOptions['endpoint']> {
  refuseOffline(values.flag('offline'), baseUrl);
  const apiKey = keyOf(output.streams.env.ISHEEP_API_KEY);
  return { baseUrl, ...(apiKey !== undefined && { apiKey }) };
}

function refuseOffline(isOffline: boolean, baseUrl: string): void {
  if (!isOffline || isLoopback(baseUrl)) return;
  throw new IsheepError('bad-config', `--offline forbids the endpoint ${baseUrl}, which is not on this machine`, {
    hint: 'leave one of them out',
  });
}

/** Throws `bad-config` for options that are of a local model only, all at once. */
export function refuseLocalOptions({ config, values }: CommandCall): void {
  const problems = [
    values.text('adapter') === undefined
      ? ''
      : '--adapter: an endpoint cannot put on an adapter; let the server load it',
    values.text('run') === undefined ? '' : '--run: an endpoint answers as it is, without the adapters of a run',
    values.text('against') === 'base' ? '--against base: an endpoint has no adapter that could be left out' : '',
    config.chatTemplate === undefined
      ? ''
      : '--chat-template: an endpoint applies its own; --engine-prompts raw uses none',
  ].filter((problem) => problem !== '');
  if (problems.length === 0) return;
  throw new IsheepError('bad-config', problems.map((one) => `${one} (--engine openai)`).join('\n'), {
    hint: 'leave it out, or take the local engine',
  });
}

function keyOf(value: string | undefined): string | undefined {
  const key = value?.trim() ?? '';
  if (key === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new IsheepError('bad-config', 'ISHEEP_API_KEY holds a character that no key has', {
    hint: 'a key is one word of letters, digits and signs',
  });
}
