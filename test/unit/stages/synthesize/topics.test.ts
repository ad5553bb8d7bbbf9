import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { deriveSeed, randomStream } from '../../../../src/shared/random.js';
import { loadTopics, type Topic, TopicPlan, topicsOfSeeds } from '../../../../src/stages/synthesize/topics.js';

let folder = '';
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'isheep-topics-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function topicFile(text: string): string {
  const file = path.join(folder, 'topics.jsonl');
  writeFileSync(file, text);
  return file;
}

const own = loadTopics('own') ?? [];
const count = (names: readonly string[]) => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => a - b);
};

describe('loadTopics', () => {
  it('has a plan of its own: 120 topics, six in each of 20 fields', () => {
    expect(own).toHaveLength(120);
    expect(count(own.map(({ field }) => field))).toEqual(Array.from({ length: 20 }, () => 6));
    expect(new Set(own.map(({ topic }) => topic)).size).toBe(120);
  });

  it('is off where it is off', () => {
    expect(loadTopics('off')).toBeUndefined();
  });

  it("reads a person's own plan, fields being optional", () => {
    const file = topicFile('{"topic":"bees"}\n{"topic":" tides ","field":"the sea"}\n');
    expect(loadTopics(file)).toEqual([
      { topic: 'bees', field: 'bees' },
      { topic: 'tides', field: 'the sea' },
    ]);
  });

  it.each([
    ['nothing', '\n', 'has no topic'],
    ['a topic twice', '{"topic":"bees"}\n{"topic":"bees","field":"x"}\n', 'has the topic "bees" twice'],
    ['bad lines', '{"topic":""}\nbees\n{"field":"x"}\n', '3 bad lines'],
  ])('refuses %s', (_, text, problem) => {
    const file = topicFile(text);
    expect(() => loadTopics(file)).toThrow(problem);
  });

  it('refuses a file that is not there', () => {
    expect(() => loadTopics(path.join(folder, 'none.jsonl'))).toThrow('there is no such file');
  });
});

describe('a topic plan', () => {
  function next(topics: readonly Topic[], n: number, earlier: readonly string[] = []): string[] {
    const plan = new TopicPlan(topics, earlier);
    return Array.from({ length: n }, (_, i) => plan.next(randomStream(deriveSeed(3, earlier.length + i))));
  }

  it('takes each topic once before any comes again, and each field before any comes again', () => {
    const made = next(own, 240);
    const fieldOf = new Map(own.map(({ topic, field }) => [topic, field]));
    for (let first = 0; first < 240; first += 20) {
      expect(count(made.slice(first, first + 20).map((topic) => fieldOf.get(topic) ?? ''))).toHaveLength(20);
    }
    expect(count(made.slice(0, 120))).toEqual(own.map(() => 1));
    expect(count(made)).toEqual(own.map(() => 2));
  });

  it('goes on after earlier requests as if there had been no pause', () => {
    const whole = next(own, 50);
    expect(next(own, 30, whole.slice(0, 20))).toEqual(whole.slice(20));
  });
});

describe('the topics of seeds', () => {
  it('are the two rarest topic words of each, in the order in which they come', () => {
    const seed = (id: string, instruction: string, input = '') => ({ id, instruction, input, output: '' });
    const seeds = [
      seed('a', 'Write a letter about bees and honey in your garden.', 'garden'),
      seed('b', 'Write a letter about the garden.'),
      seed('c', 'Go on.'),
    ];
    expect(Object.fromEntries(topicsOfSeeds(seeds))).toEqual({
      a: 'bees and honey',
      b: 'letter and garden',
      c: 'anything',
    });
  });
});
