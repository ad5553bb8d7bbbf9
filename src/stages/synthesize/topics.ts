// A topic plan: each request is given a topic, the least used one, so that a run does not keep to what its seeds are about
// (a tree of topics in place of seeds alone: Condor, arXiv 2501.12273).
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { IsheepError } from '../../shared/errors.js';
import { readJsonLines } from '../../shared/jsonl.js';
import type { SeedTask } from '../../shared/rows.js';
import { userTurn } from '../../shared/task-prompt.js';
import { countTopicWords, topicWords } from '../../shared/topic-words.js';

export interface Topic {
  /** What a task is about, in a few words. */
  topic: string;
  /** What it belongs to; the topic itself where a plan has one level. */
  field: string;
}

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

/** What the seeds are about: the two rarest topic words of each, since people do not name it. */
export function topicsOfSeeds(seeds: readonly SeedTask[]): Map<string, string> {
  const counts = countTopicWords(seeds.map((task) => userTurn(task)));
  const rarity = (one: string) => counts.get(one) ?? 0;
  return new Map(
    seeds.map((seed) => {
      const all = topicWords(seed.instruction);
      const rarest = [...all].sort((a, b) => rarity(a) - rarity(b)).slice(0, 2);
      return [seed.id, all.filter((one) => rarest.includes(one)).join(' and ') || 'anything'];
    }),
  );
}

/** What earlier requests were about, and what the next one is. */
export class TopicPlan {
  readonly #topics: readonly Topic[];
  readonly #fieldOf: ReadonlyMap<string, string>;
  readonly #topicUses = new Map<string, number>();
  readonly #fieldUses = new Map<string, number>();

  /** `earlier`: the topics of the requests before. */
  constructor(topics: readonly Topic[], earlier: readonly string[]) {
    this.#topics = topics;
    this.#fieldOf = new Map(topics.map(({ topic, field }) => [topic, field]));
    for (const topic of earlier) this.#count(topic);
  }

  /** The least used topic, of these one of the least used field; at random among equals. */
  next(random: () => number): string {
    const leastUsed = leastOf(this.#topics, ({ topic }) => this.#topicUses.get(topic) ?? 0);
    const equals = leastOf(leastUsed, ({ field }) => this.#fieldUses.get(field) ?? 0);
    const { topic } = equals[Math.floor(random() * equals.length)] as Topic;
    this.#count(topic);
    return topic;
  }

  #count(topic: string): void {
    const field = this.#fieldOf.get(topic) ?? topic;
    this.#topicUses.set(topic, (this.#topicUses.get(topic) ?? 0) + 1);
    this.#fieldUses.set(field, (this.#fieldUses.get(field) ?? 0) + 1);
  }
}

function leastOf<T>(items: readonly T[], valueOf: (item: T) => number): T[] {
  const least = items.reduce((so, item) => Math.min(so, valueOf(item)), Infinity);
  return items.filter((item) => valueOf(item) === least);
}
