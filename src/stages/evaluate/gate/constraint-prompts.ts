// Prompts of our own whose answers IFEval's checkers verify: a task on a topic, and one or two things to keep to. None of them
// is a seed, a candidate or a prompt of IFEval.
import { deriveSeed, randomStream, sampleWithoutReplacement } from '../../../shared/random.js';

/** As a row of IFEval's own file. */
export interface ConstraintPrompt {
  key: string;
  prompt: string;
  instruction_id_list: string[];
  kwargs: Record<string, string | number | string[]>[];
}

type Random = () => number;

/** An instruction of IFEval and the sentence that asks for it. */
interface Wish {
  id: string;
  kwargs: ConstraintPrompt['kwargs'][number];
  sentence: string;
}

interface WishFamily {
  id: string;
  /** Two wishes of one group would contradict or repeat each other. */
  group: 'length' | 'layout' | 'words' | 'case' | 'ends' | 'whole';
  draw(random: Random): Omit<Wish, 'id'>;
}

const tasks: readonly ((topic: string) => string)[] = [
  (topic) => `Tell a newcomer what is worth knowing about ${topic}.`,
  (topic) => `Give advice to someone who wants to learn about ${topic}.`,
  (topic) => `Write a short story in which ${topic} matters.`,
  (topic) => `Explain to a child why people care about ${topic}.`,
  (topic) => `Write a note to a friend about ${topic}.`,
  (topic) => `Describe a common mistake to do with ${topic}, and how to avoid it.`,
  (topic) => `Say what you find most interesting about ${topic}.`,
  (topic) => `Write a small advertisement for a course on ${topic}.`,
];

/** None of them is in the topic plan that instructions may be written by. */
const topics = (
  'lighthouses; pottery; beekeeping; night trains; volcanoes; crossword puzzles; the violin; mushrooms; subway maps; ' +
  'snowstorms; street markets; tailoring; whales; old maps; juggling; bridges; sourdough; tide pools; hot-air balloons; ' +
  'clocks; public libraries; cactuses; chess openings; kites; soap making; canals; owls; folk dances; typewriters; glaciers; ' +
  'school plays; bicycles for two; lost luggage; lemon trees; puppets; the desert at night; traffic lights; camping stoves; ' +
  'medieval castles; postage stamps; tea ceremonies; wind turbines; dictionaries; stray cats; deep-sea fish; harvest festivals'
).split('; ');

const plainWords = ['time', 'people', 'first', 'learn', 'small', 'often', 'begin', 'useful', 'place', 'help'];
const phrases = ['That is all for now.', 'I hope this helps you.', 'Thank you for reading.', 'The rest is up to you.'];

const families: readonly WishFamily[] = [
  {
    id: 'length_constraints:number_words',
    group: 'length',
    draw: (random) => {
      const atLeast = random() < 0.5;
      const words = atLeast ? oneOf([50, 80, 120], random) : oneOf([30, 60, 100], random);
      const relation = atLeast ? 'at least' : 'less than';
      return {
        kwargs: { relation, num_words: words },
        sentence: `Use ${atLeast ? 'at least' : 'fewer than'} ${words} words.`,
      };
    },
  },
  {
    id: 'length_constraints:number_sentences',
    group: 'length',
    draw: (random) => {
      const atLeast = random() < 0.5;
      const sentences = oneOf(atLeast ? [3, 5] : [4, 6], random);
      return {
        kwargs: { relation: atLeast ? 'at least' : 'less than', num_sentences: sentences },
        sentence: `Write ${atLeast ? 'no fewer than' : 'fewer than'} ${sentences} sentences.`,
      };
    },
  },
  {
    id: 'length_constraints:number_paragraphs',
    group: 'length',
    draw: (random) => {
      const paragraphs = oneOf([2, 3], random);
      return {
        kwargs: { num_paragraphs: paragraphs },
        sentence: `Write ${paragraphs} paragraphs, and put a line with only *** between one and the next.`,
      };
    },
  },
  {
    id: 'detectable_format:number_bullet_lists',
    group: 'layout',
    draw: (random) => {
      const points = oneOf([3, 4, 5], random);
      return {
        kwargs: { num_bullets: points },
        sentence: `Answer with exactly ${points} bullet points, each on a line that begins with "* ".`,
      };
    },
  },
  {
    id: 'detectable_format:number_highlighted_sections',
    group: 'layout',
    draw: (random) => {
      const parts = oneOf([1, 2, 3], random);
      const what = parts === 1 ? 'one phrase' : `${parts} phrases`;
      return { kwargs: { num_highlights: parts }, sentence: `Highlight at least ${what} in *asterisks*.` };
    },
  },
  {
    id: 'detectable_format:title',
    group: 'ends',
    draw: () => ({ kwargs: {}, sentence: 'Begin with a title in double angular brackets, like <<my title>>.' }),
  },
  {
    id: 'detectable_content:postscript',
    group: 'ends',
    draw: () => ({
      kwargs: { postscript_marker: 'P.S.' },
      sentence: 'Add a postscript that begins with P.S. at the end.',
    }),
  },
  {
    id: 'detectable_content:number_placeholders',
    group: 'whole',
    draw: (random) => {
      const places = oneOf([1, 2], random);
      const what = places === 1 ? 'one placeholder' : `${places} placeholders`;
      return {
        kwargs: { num_placeholders: places },
        sentence: `Leave at least ${what} in square brackets, like [name].`,
      };
    },
  },
  {
    id: 'keywords:existence',
    group: 'words',
    draw: (random) => {
      const keywords = sampleWithoutReplacement(plainWords, oneOf([1, 2], random), random);
      const [first = '', second] = keywords;
      const what = second === undefined ? `the word "${first}"` : `the words "${first}" and "${second}"`;
      return { kwargs: { keywords }, sentence: `Use ${what}.` };
    },
  },
  {
    id: 'keywords:forbidden_words',
    group: 'words',
    draw: (random) => {
      const forbidden = sampleWithoutReplacement(['is', 'and', 'very', 'good', 'can', 'important'], 2, random);
      return {
        kwargs: { forbidden_words: forbidden },
        sentence: `Do not use the words ${forbidden.map((one) => `"${one}"`).join(' and ')}.`,
      };
    },
  },
  {
    id: 'keywords:frequency',
    group: 'words',
    draw: (random) => {
      const keyword = oneOf(plainWords, random);
      const times = oneOf([2, 3], random);
      return {
        kwargs: { relation: 'at least', keyword, frequency: times },
        sentence: `Use the word "${keyword}" at least ${times} times.`,
      };
    },
  },
  {
    id: 'change_case:english_lowercase',
    group: 'case',
    draw: () => ({
      kwargs: {},
      sentence: 'Write everything in English and in small letters, without any capital letter.',
    }),
  },
  {
    id: 'change_case:english_capital',
    group: 'case',
    draw: () => ({ kwargs: {}, sentence: 'Write everything in English and in capital letters.' }),
  },
  {
    id: 'punctuation:no_comma',
    group: 'whole',
    draw: () => ({ kwargs: {}, sentence: 'Use no commas.' }),
  },
  {
    id: 'startend:end_checker',
    group: 'ends',
    draw: (random) => {
      const phrase = oneOf(phrases, random);
      return { kwargs: { end_phrase: phrase }, sentence: `Let the very last words be: ${phrase}` };
    },
  },
  {
    id: 'startend:quotation',
    group: 'ends',
    draw: () => ({ kwargs: {}, sentence: 'Put the whole answer in double quotation marks.' }),
  },
  {
    id: 'detectable_format:json_format',
    group: 'layout',
    draw: () => ({ kwargs: {}, sentence: 'Answer with one JSON object and nothing else.' }),
  },
];

/** A phrase in letters of its own cannot be kept where all letters are of one case. */
const apart: readonly string[] = [
  'startend:end_checker',
  'change_case:english_capital',
  'change_case:english_lowercase',
];

/** Of a JSON object nothing else can be asked that does not break it. */
const alone: readonly string[] = ['detectable_format:json_format'];

/** The first `n` prompts; more of them begin with the same ones. */
export function constraintPrompts(n: number): ConstraintPrompt[] {
  return Array.from({ length: n }, (_, i) => onePrompt(i));
}

/** Tasks on the same topics without anything to keep to, for answers that are compared. */
export function plainPrompts(n: number): { id: string; instruction: string; input: string }[] {
  return Array.from({ length: n }, (_, i) => {
    const random = randomStream(deriveSeed(0, 'gate', 'plain', i));
    return { id: `p${i + 1}`, instruction: oneOf(tasks, random)(oneOf(topics, random)), input: '' };
  });
}

function onePrompt(index: number): ConstraintPrompt {
  const random = randomStream(deriveSeed(0, 'gate', 'constraints', index));
  const task = oneOf(tasks, random)(oneOf(topics, random));
  // Each family is the first one equally often.
  const first = families[index % families.length] as WishFamily;
  const wishes = [first, ...(random() < 0.5 ? secondOf(first, random) : [])].map((family) => ({
    id: family.id,
    ...family.draw(random),
  }));
  return {
    key: `g${index + 1}`,
    prompt: [task, ...wishes.map(({ sentence }) => sentence)].join(' '),
    instruction_id_list: wishes.map(({ id }) => id),
    kwargs: wishes.map(({ kwargs }) => kwargs),
  };
}

function secondOf(first: WishFamily, random: Random): WishFamily[] {
  if (alone.includes(first.id)) return [];
  const others = families.filter(
    ({ id, group }) =>
      group !== first.group && !alone.includes(id) && !(apart.includes(first.id) && apart.includes(id)),
  );
  return [oneOf(others, random)];
}

function oneOf<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
