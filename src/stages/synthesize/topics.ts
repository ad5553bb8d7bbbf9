// A topic plan: what the tasks of each prompt are about, so that a run does not keep to what its seeds are about. Each
// request gets the topic that was used least, and a kind of task beside it: two lists that are crossed over the run.
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { IsheepError } from '../../shared/errors.js';
import { readJsonLines } from '../../shared/jsonl.js';

export interface Topic {
  /** Stands after "about". */
  topic: string;
  /** What it belongs to; the topic itself where a plan has one level. */
  field: string;
}

/** What the tasks of a prompt are about, and what the first of them asks for. */
export interface Subject {
  topic: string;
  kind: string;
}

/** They stand after "asks to". */
export const kindsOfTask: readonly string[] = [
  'explain how something works',
  'compare two things',
  'give advice on a small problem',
  'rewrite a text in another tone',
  'sum up a text',
  'sort the entries of a list',
  'write a short letter',
  'begin a story',
  'plan something in steps',
  'calculate with given numbers',
  'correct the mistakes in a text',
  'answer a question about a given text',
  'make up questions for a quiz',
  'name reasons for and against',
  'find what does not belong',
  'take the facts out of a text',
  'describe something to a child',
  'write a short dialogue',
];

const line = z.looseObject({ topic: z.string().trim().min(1, 'must not be empty'), field: z.string().optional() });
/** The plan that comes with isheep; at the same distance from here when compiled. */
const ownTopicsFile = fileURLToPath(new URL('../../../src/stages/synthesize/topics.jsonl', import.meta.url));

/** The plan that `synthesize.topics` names; undefined for "off". Throws `bad-input` with all bad lines. */
export function loadTopics(setting: string): Topic[] | undefined {
  if (setting === 'off') return undefined;
  const file = setting === 'own' ? ownTopicsFile : setting;
  const topics = readJsonLines(file, line).map(({ topic, field }) => ({ topic, field: field ?? topic }));
  const repeated = topics.find(({ topic }, i) => topics.findIndex((other) => other.topic === topic) !== i);
  if (topics.length > 0 && repeated === undefined) return topics;
  const why = repeated === undefined ? 'has no topic' : `has the topic ${JSON.stringify(repeated.topic)} twice`;
  throw new IsheepError('bad-input', `${file} ${why}`, {
    hint: 'each line is one JSON object with topic, another on each, and where it belongs to one, field',
  });
}

/** What earlier requests were about, in order, and what the next one is. */
export class TopicPlan {
  readonly #topics: readonly Topic[];
  readonly #fieldOf: ReadonlyMap<string, string>;
  readonly #uses = {
    topic: new Map<string, number>(),
    field: new Map<string, number>(),
    kind: new Map<string, number>(),
  };

  constructor(topics: readonly Topic[], earlier: readonly Subject[]) {
    this.#topics = topics;
    this.#fieldOf = new Map(topics.map(({ topic, field }) => [topic, field]));
    for (const subject of earlier) this.#count(subject);
  }

  /** The least used topic, of these one of the least used field, and the least used kind; at random among equals. */
  next(random: () => number): Subject {
    const { topic: topicUses, field: fieldUses, kind: kindUses } = this.#uses;
    const topics = leastUsed(this.#topics, ({ topic }) => topicUses.get(topic) ?? 0);
    const { topic } = pick(
      leastUsed(topics, ({ field }) => fieldUses.get(field) ?? 0),
      random,
    );
    const kind = pick(
      leastUsed(kindsOfTask, (one) => kindUses.get(one) ?? 0),
      random,
    );
    const subject = { topic, kind };
    this.#count(subject);
    return subject;
  }

  #count({ topic, kind }: Subject): void {
    const { topic: topicUses, field: fieldUses, kind: kindUses } = this.#uses;
    increment(topicUses, topic);
    increment(fieldUses, this.#fieldOf.get(topic) ?? topic);
    increment(kindUses, kind);
  }
}

function leastUsed<T>(items: readonly T[], usesOf: (item: T) => number): T[] {
  const least = Math.min(...items.map(usesOf));
  return items.filter((item) => usesOf(item) === least);
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
