// Opens the model behind an endpoint: finds its name and whether it takes messages, by a first request, so that a wrong
// address, key or name is told before any work.
import { IsheepError } from '../../shared/errors.js';
import { readChatCompletion, readCompletion, readModelNames } from './answers.js';
import { Endpoint, type EndpointOptions } from './endpoint.js';
import { EndpointFailure } from './http.js';
import { type PromptForm, RemoteModel } from './remote-model.js';
import { pathOf, promptFields } from './request-fields.js';

export interface RemoteModelChoice {
  /** As the server knows it; default: the first that it lists. */
  name?: string;
  /** Default: chat where the server takes messages. */
  prompts?: PromptForm;
  /** Taken where the server lists no models. */
  fallbackName: string;
  /** Whether raw prompts are needed in any case, as a run needs them to write instructions. */
  needsRaw?: boolean;
}

/** Throws `no-network` where the endpoint is down, `bad-config` where it refuses the first request. */
export async function openEndpoint(options: EndpointOptions, choice: RemoteModelChoice): Promise<RemoteModel> {
  const endpoint = new Endpoint(options);
  try {
    const name = choice.name ?? (await listedModels(endpoint))[0] ?? choice.fallbackName;
    const prompts = await findForm(endpoint, name, choice.prompts);
    const missing = choice.needsRaw && prompts === 'chat' ? await tryForm(endpoint, name, 'raw') : undefined;
    if (missing) throw missing;
    return new RemoteModel({ endpoint, name, prompts });
  } catch (error) {
    await endpoint.close();
    throw endpoint.failure(error);
  }
}

/** Throws `run-changed` where the server no longer offers the model that a run was started with. */
export async function refuseOtherModel(options: EndpointOptions, recorded: string): Promise<void> {
  const endpoint = new Endpoint(options);
  try {
    const names = await listedModels(endpoint);
    if (names.length === 0 || names.includes(recorded)) return;
    throw new IsheepError(
      'run-changed',
      `the run was started with the endpoint's model ${recorded}, and ${endpoint.baseUrl} offers ${names.join(', ')}`,
      { hint: 'serve the same model under the same name, or start a new run' },
    );
  } catch (error) {
    throw endpoint.failure(error);
  } finally {
    await endpoint.close();
  }
}

/** Empty where the server does not list them. */
async function listedModels(endpoint: Endpoint): Promise<string[]> {
  try {
    return readModelNames(await endpoint.send('/models', undefined, 'the list of models'));
  } catch (error) {
    const isMissing = error instanceof EndpointFailure && (error.details.status === 404 || error.kind === 'nonsense');
    if (isMissing) return [];
    throw error;
  }
}

async function findForm(endpoint: Endpoint, model: string, wanted: PromptForm | undefined): Promise<PromptForm> {
  const failure = await tryForm(endpoint, model, wanted ?? 'chat');
  if (failure === undefined) return wanted ?? 'chat';
  // A base model without a template, or a server without /chat/completions.
  const status = failure.details.status ?? 0;
  const takesNoMessages = wanted === undefined && [400, 404, 405, 422, 500, 501].includes(status);
  if (takesNoMessages && (await tryForm(endpoint, model, 'raw')) === undefined) return 'raw';
  throw failure;
}

async function tryForm(endpoint: Endpoint, model: string, form: PromptForm): Promise<EndpointFailure | undefined> {
  const prompt = form === 'chat' ? { messages: [{ role: 'user' as const, content: 'Hello' }] } : { text: 'Hello' };
  try {
    const body = { model, ...promptFields(prompt), max_tokens: 1 };
    const answer = await endpoint.send(pathOf(prompt), body, `a first request, ${form}`);
    (form === 'chat' ? readChatCompletion : readCompletion)(answer, false);
    return undefined;
  } catch (error) {
    if (error instanceof EndpointFailure) return error;
    throw error;
  }
}
