// Checks of what callers give the engine, before anything native sees it. All problems of a call are reported at once.
import { IsheepError } from '../shared/errors.js';
import type { EmbedRequest, GenerateRequest, OpenTurn, Prompt, ScoreRequest } from './engine.js';
import type { ModelOptions } from './model-options.js';

const shown = 5;

export function checkModelOptions(options: ModelOptions): void {
  const problems: string[] = [];
  const { path, threads = 0, packedBytes, batch = {} } = options;
  if (typeof path !== 'string' || path === '') problems.push(wording('path', 'the path of a GGUF file', path));
  if (!isCount(threads, 0, 1024)) problems.push(wording('threads', 'a whole number from 0 to 1024', threads));
  if (batch.parallel !== undefined && !isCount(batch.parallel, 1, 256)) {
    problems.push(wording('parallel', 'a whole number from 1 to 256', batch.parallel));
  }
  if (batch.cacheBytes !== undefined && !(batch.cacheBytes > 0)) {
    problems.push(wording('cacheBytes', 'a number above 0', batch.cacheBytes));
  }
  if (packedBytes !== undefined && !(packedBytes >= 0)) {
    problems.push(wording('packedBytes', 'a number from 0', packedBytes));
  }
  if (batch.batchTokens !== undefined && !isCount(batch.batchTokens, 1, 65_536)) {
    problems.push(wording('batchTokens', 'a whole number from 1 to 65536', batch.batchTokens));
  }
  throwProblems('bad-config', problems);
}

export function checkGenerateRequests(requests: readonly GenerateRequest[]): void {
  const problems: string[] = [];
  for (const request of requests) {
    const add = (name: string, expected: string, value: unknown): void => {
      problems.push(`request ${request.id}: ${wording(name, expected, value)}`);
    };
    checkPrompt(request.prompt, add);
    const { maxTokens, seed, stop, sampling, stopAtRepetition = 0 } = request;
    if (!isCount(maxTokens, 0, 2 ** 31)) add('maxTokens', 'a whole number from 0', maxTokens);
    if (!isCount(stopAtRepetition, 0, 2 ** 31)) add('stopAtRepetition', 'a whole number from 0', stopAtRepetition);
    if (!isCount(seed, 0, 2 ** 32 - 1)) add('seed', 'a whole number from 0 to 4294967295', seed);
    if (!stop.every((text) => typeof text === 'string' && text !== '')) add('stop', 'texts that are not empty', stop);
    const { grammar = 'root' } = request;
    if (typeof grammar !== 'string' || grammar === '') add('grammar', 'a text that is not empty', grammar);
    const { temperature, topK, topP, minP } = sampling;
    if (!(temperature >= 0 && temperature < Infinity)) add('temperature', 'a number from 0', temperature);
    if (!isCount(topK, 0, 2 ** 31 - 1)) add('topK', 'a whole number from 0', topK);
    if (!(topP > 0 && topP <= 1)) add('topP', 'a number above 0 up to 1', topP);
    if (!(minP >= 0 && minP <= 1)) add('minP', 'a number from 0 to 1', minP);
  }
  throwProblems('bad-input', problems);
}

export function checkScoreRequests(requests: readonly ScoreRequest[]): void {
  const problems: string[] = [];
  for (const request of requests) {
    const add = (name: string, expected: string, value: unknown): void => {
      problems.push(`request ${request.id}: ${wording(name, expected, value)}`);
    };
    checkPrompt(request.prompt, add);
    if (typeof request.continuation !== 'string') add('continuation', 'a text', request.continuation);
    const { next = [] } = request;
    if (!next.every((text) => typeof text === 'string')) add('next', 'an array of texts', next);
  }
  throwProblems('bad-input', problems);
}

export function checkEmbedRequests(requests: readonly EmbedRequest[]): void {
  const problems: string[] = [];
  for (const { id, prompt } of requests) {
    checkPrompt(prompt, (name, expected, value) => problems.push(`request ${id}: ${wording(name, expected, value)}`));
  }
  throwProblems('bad-input', problems);
}

function checkPrompt(prompt: Prompt | OpenTurn, add: (name: string, expected: string, value: unknown) => void): void {
  if ('text' in prompt) {
    if (typeof prompt.text !== 'string') add('prompt', 'a text', prompt.text);
    return;
  }
  if ('turn' in prompt) {
    const { begins } = prompt;
    if (begins !== undefined && typeof begins !== 'string') add('begins', 'a text', begins);
    return;
  }
  const messages: unknown = prompt.messages;
  if (!Array.isArray(messages) || messages.length === 0) add('messages', 'at least one message', messages);
  else if (!messages.every(isMessage)) add('messages', 'objects with the texts role and content', messages);
}

function isMessage(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { role, content } = value as { role?: unknown; content?: unknown };
  return typeof role === 'string' && typeof content === 'string';
}

export function isCount(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

export function wording(name: string, expected: string, value: unknown): string {
  const text = typeof value === 'number' || value === undefined ? String(value) : JSON.stringify(value);
  return `${name} must be ${expected}; it is ${text}`;
}

export function throwProblems(code: 'bad-config' | 'bad-input', problems: readonly string[]): void {
  if (problems.length === 0) return;
  const rest = problems.length > shown ? `; and ${problems.length - shown} more` : '';
  throw new IsheepError(code, problems.slice(0, shown).join('; ') + rest);
}

export function tooLongPrompt(id: string, tokens: number, room: number): IsheepError {
  return new IsheepError('bad-input', `request ${id} has ${tokens} tokens and the model was trained on ${room}`, {
    hint: 'shorten it',
  });
}
