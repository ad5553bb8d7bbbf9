// Checks a file of seed tasks: form, lengths, variety, and that no two tasks are nearly the same.
//
//   node scripts/check-seeds.mjs [FILE] [--against OTHER [--limit 0.5]]
//
// Without a file it checks the seeds that the package contains. With --against it also compares every instruction with
// those of another data set (JSON, or JSON Lines, with a field `instruction`). It prints statistics; problems go to
// standard error, all of them at once, and make the exit code 1; a call that cannot be carried out makes it 2.
// It does not know whether an answer is right.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const packagedSeeds = fileURLToPath(new URL('../src/stages/synthesize/seeds.jsonl', import.meta.url));
const fields = ['id', 'instruction', 'input', 'output'];

const limits = {
  tasks: 175, // at least
  instructionWords: [5, 60],
  inputWords: [0, 130],
  outputWords: [1, 220],
  inputShare: [0.35, 0.65],
  firstWordShare: 0.06, // of the most frequent first word: a habit of the writer becomes a habit of the model
  similarity: 0.7, // ROUGE-L of two instructions; the novelty filter of synthesis uses the same
  otherSimilarity: 0.5, // ROUGE-L with the instructions of another data set, from which ours must be independent
};

// What the filters of synthesis reject in a candidate must not stand in its demonstrations.
const unwanted = [
  [
    'a word for media that a text model cannot handle',
    /\b(images?|graphs?|pictures?|files?|maps?|draw|plot|go to|videos?|audio|music|flowcharts?|diagrams?)\b/i,
  ],
  ['a word that marks an empty input', /\bnone\b|no ?input\b/i],
  ['an address', /https?:|www\./i],
  ['an angle-bracket tag', /<[^<>]{1,20}>/],
  ['the separator of demonstrations', /###/],
];

const countWords = (text) => text.split(/\s+/).filter(Boolean).length;
const tokensOf = (text) => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/** ROUGE-L F-measure of two token lists (Lin 2004, equation 4 with beta = 1), from 0 to 1. */
function rougeL(a, b) {
  let previous = new Uint16Array(b.length + 1); // longest common subsequence of a's first i and b's first j tokens
  for (const token of a) {
    const current = new Uint16Array(b.length + 1);
    for (let j = 0; j < b.length; j++) {
      current[j + 1] = token === b[j] ? previous[j] + 1 : Math.max(previous[j + 1], current[j]);
    }
    previous = current;
  }
  return (2 * previous[b.length]) / (a.length + b.length || 1);
}

function parseTask(line) {
  let task;
  try {
    task = JSON.parse(line);
  } catch {
    return { problem: 'not JSON' };
  }
  const isTask =
    typeof task === 'object' &&
    task !== null &&
    Object.keys(task).join() === fields.join() &&
    fields.every((field) => typeof task[field] === 'string');
  return isTask ? { task } : { problem: `not an object with exactly the texts ${fields.join(', ')}, in this order` };
}

/** Tasks with their line numbers, and what is wrong with the lines that hold no task. */
function parseSeeds(text) {
  const tasks = [];
  const problems = [];
  for (const [index, line] of text.replace(/\n$/, '').split('\n').entries()) {
    const where = `line ${index + 1}`;
    const { task, problem } = parseTask(line);
    if (task) tasks.push({ ...task, where });
    else problems.push(`${where}: ${problem}`);
  }
  return { tasks, problems };
}

function checkTask(task, index) {
  const problems = [];
  const complain = (text) => problems.push(`${task.where}: ${text}`);
  const expectedId = `seed-${String(index + 1).padStart(3, '0')}`;
  if (task.id !== expectedId) complain(`id is ${task.id}, expected ${expectedId}`);
  for (const field of ['instruction', 'input', 'output']) {
    const [least, most] = limits[`${field}Words`];
    const words = countWords(task[field]);
    if (words < least || words > most) complain(`${field} has ${words} words, expected ${least} to ${most}`);
    if (task[field] !== task[field].trim()) complain(`${field} has white space at an end`);
    if (field === 'output') continue;
    for (const [name, pattern] of unwanted) {
      const found = pattern.exec(task[field]);
      if (found) complain(`${field} contains ${name}: ${found[0]}`);
    }
  }
  if (!/^[\x20-\x7e]*$/.test(task.instruction)) complain('instruction is not one line of ASCII');
  if (!/^["A-Z]/.test(task.instruction)) complain('instruction does not start with a capital letter');
  if (!/[.?!]$/.test(task.instruction)) complain('instruction does not end with . or ? or !');
  if (task.input && task.instruction.includes(task.input)) complain('input stands in the instruction');
  return problems;
}

/** The most similar instruction of `others` for each task, as {similarity, task, other}, the highest first. */
function nearest(tasks, othersOf) {
  const best = tasks.map((task, index) => {
    let found = { similarity: 0, task, other: undefined };
    for (const other of othersOf(index)) {
      const similarity = rougeL(task.tokens, other.tokens);
      if (similarity > found.similarity) found = { similarity, task, other };
    }
    return found;
  });
  return best.sort((a, b) => b.similarity - a.similarity);
}

function tooSimilar(found, limit, name) {
  return found
    .filter(({ similarity }) => similarity > limit)
    .map(
      ({ similarity, task, other }) =>
        `${task.where}: ROUGE-L ${similarity.toFixed(2)} with ${name}, at most ${limit}: ${other.instruction}`,
    );
}

function firstWords(tasks) {
  const counts = new Map();
  for (const { instruction } of tasks) {
    const word = instruction.split(' ')[0];
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function checkWhole(tasks, inputShare, [firstWord, firstCount]) {
  const problems = [];
  const [least, most] = limits.inputShare;
  if (tasks.length < limits.tasks) problems.push(`${tasks.length} tasks, expected at least ${limits.tasks}`);
  if (inputShare < least || inputShare > most) {
    problems.push(`${percent(inputShare)} of the tasks have an input, expected ${percent(least)} to ${percent(most)}`);
  }
  if (firstCount > limits.firstWordShare * tasks.length) {
    const share = percent(firstCount / tasks.length);
    problems.push(`${share} of the instructions start with ${firstWord}, at most ${percent(limits.firstWordShare)}`);
  }
  return problems;
}

function describeLengths(name, texts) {
  const words = texts.map(countWords);
  return `${name} words: median ${median(words)}, from ${Math.min(...words)} to ${Math.max(...words)}`;
}

function readInstructions(file) {
  const text = readFileSync(file, 'utf8');
  const rows = text.trimStart().startsWith('[')
    ? JSON.parse(text)
    : text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
  return rows.map(({ instruction }) => ({ instruction, tokens: tokensOf(instruction) }));
}

function checkSeeds(text) {
  const { tasks, problems } = parseSeeds(text);
  if (tasks.length === 0) return { tasks, problems: [...problems, 'no tasks'], statistics: [] };
  for (const task of tasks) task.tokens = tokensOf(task.instruction);
  const withInput = tasks.filter((task) => task.input !== '');
  const starts = firstWords(tasks);
  const pairs = nearest(tasks, (index) => tasks.slice(0, index));
  problems.push(...tasks.flatMap(checkTask), ...checkWhole(tasks, withInput.length / tasks.length, starts[0]));
  problems.push(...tooSimilar(pairs, limits.similarity, 'an earlier seed'));
  const statistics = [
    `${tasks.length} tasks, ${withInput.length} with an input (${percent(withInput.length / tasks.length)})`,
    describeLengths(
      'instruction',
      tasks.map((task) => task.instruction),
    ),
    ...(withInput.length
      ? [
          describeLengths(
            'input',
            withInput.map((task) => task.input),
          ),
        ]
      : []),
    describeLengths(
      'output',
      tasks.map((task) => task.output),
    ),
    `first words: ${starts
      .slice(0, 8)
      .map(([word, count]) => `${word} ${count}`)
      .join(', ')}; ${starts.length} different`,
    `highest ROUGE-L among the instructions: ${pairs[0].similarity.toFixed(2)}`,
  ];
  return { tasks, problems, statistics };
}

/** Compares with another data set; adds to the result. */
function checkAgainst(result, file, limit) {
  if (!(limit > 0 && limit <= 1)) throw new Error('--limit must be a number above 0 and at most 1');
  const name = path.basename(file);
  const others = readInstructions(file);
  const found = nearest(result.tasks, () => others);
  const highest = found[0]?.similarity ?? 0;
  result.problems.push(...tooSimilar(found, limit, name));
  result.statistics.push(`highest ROUGE-L with the ${others.length} instructions of ${name}: ${highest.toFixed(2)}`);
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { against: { type: 'string' }, limit: { type: 'string' } },
  });
  if (values.limit && !values.against) throw new Error('--limit belongs to --against, which is missing');
  const result = checkSeeds(readFileSync(positionals[0] ?? packagedSeeds, 'utf8'));
  if (values.against) checkAgainst(result, values.against, Number(values.limit ?? limits.otherSimilarity));
  for (const line of result.statistics) console.log(line);
  for (const line of result.problems) console.error(line);
  process.exitCode = result.problems.length > 0 ? 1 : 0;
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
