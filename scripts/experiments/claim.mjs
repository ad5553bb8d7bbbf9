// Whether a run made its model better than the base on IFEval and on the answerable questions of SQuAD, neither of which
// it has seen, and whether two controls do as well: as many of its pairs as it kept, but drawn at random from all of
// its responses (two epochs), and its seeds alone (three), both trained as the run was.
//
//   node scripts/experiments/claim.mjs RUN --squad FILE [--ifeval FILE] [--form raw|chat] [--iteration 1]
//                                          [--without-controls] [--threads 2] [--out FOLDER]
//
// --squad: SQuAD 2.0, which `isheep fetch squad2` brings. --form: whether SQuAD asks in plain text or in messages. What
// is made lies in FOLDER (default RUN/claim/ITERATION); the same command continues what was interrupted, and ends with a
// table.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isheep = path.join(root, 'dist', 'cli', 'main.js');
const packagedSeeds = path.join(root, 'src', 'stages', 'synthesize', 'seeds.jsonl');
const squadItems = '500';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    iteration: { type: 'string', default: '1' },
    form: { type: 'string', default: 'raw' },
    'without-controls': { type: 'boolean', default: false },
    threads: { type: 'string', default: '0' },
    ifeval: { type: 'string' },
    squad: { type: 'string' },
    out: { type: 'string' },
  },
});
const [run = ''] = positionals;
const iteration = path.join(run, 'iterations', values.iteration);
if (!existsSync(path.join(iteration, 'adapter.gguf')) || !existsSync(values.squad ?? '')) {
  console.error(`error: needed are a run with a trained iteration ${values.iteration}, and a file of SQuAD 2.0`);
  console.error(
    'hint: node scripts/experiments/claim.mjs runs/mine --squad FILE; `isheep fetch squad2` says where it is',
  );
  process.exit(2);
}
const out = values.out ?? path.join(run, 'claim', values.iteration);
const { config } = JSON.parse(readFileSync(path.join(run, 'config.json'), 'utf8'));

const place = (name) => path.join(out, name);
const readRows = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const writeRows = (file, rows) => writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

/** isheep with these arguments; ends the program where that fails or is interrupted. */
function call(parameters) {
  console.error(`isheep ${parameters.join(' ')}`);
  const { status } = spawnSync(process.execPath, [isheep, ...parameters], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 130);
}

/** SQuAD 2.0 without the questions that its paragraphs do not answer: on these an empty answer is right. */
function withoutUnanswerable(file) {
  const squad = JSON.parse(readFileSync(file, 'utf8'));
  const data = squad.data.map((text) => ({
    ...text,
    paragraphs: text.paragraphs
      .map((paragraph) => ({ ...paragraph, qas: paragraph.qas.filter((question) => !question.is_impossible) }))
      .filter(({ qas }) => qas.length > 0),
  }));
  return { ...squad, data };
}

function writeControls() {
  const kept = readRows(path.join(iteration, 'dataset.jsonl')).filter(
    ({ source }) => source?.hindsightOf === undefined,
  );
  const responses = readRows(path.join(iteration, 'pairs.jsonl')).filter(({ response }) => response.trim() !== '');
  const drawn = responses
    .map((pair) => ({ pair, order: createHash('sha256').update(`random ${pair.id}`).digest('hex') }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .slice(0, kept.length)
    .map(({ pair: { id, instruction, input, response } }) => ({ id, instruction, input, response }));
  writeRows(place('random.jsonl'), drawn);
  const seeds = readRows(config.seeds ?? packagedSeeds).map(({ output, ...task }) => ({ ...task, response: output }));
  writeRows(place('seeds.jsonl'), seeds);
}

/** By the model and the trainer's settings of the run, unless its results are there. */
function trainControl(name, epochs) {
  if (existsSync(resultFile(name, 'ifeval')) && existsSync(resultFile(name, 'squad2'))) return;
  const { model, device, seed, chatTemplate, train } = config;
  const file = place(`${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({ model, device, seed, chatTemplate, train: { ...train, epochs, validation: 0 } }),
  );
  call(['train', '--config', file, '--data', place(`${name}.jsonl`), '--out', place(`${name}.gguf`), ...onThreads]);
}

const onThreads = ['--threads', values.threads];
const ofModel = [
  ...['--model', config.model],
  ...(config.chatTemplate === undefined ? [] : ['--chat-template', config.chatTemplate]),
];

/** Another way of asking is another result. */
function resultFile(name, benchmark, isAgainstRun = false) {
  const form = benchmark === 'squad2' ? `-${values.form}` : '';
  return place(`${name}-${benchmark}${form}${isAgainstRun ? '-against-run' : ''}.json`);
}

/** Compared with the base, or with the run's result. Answers are remembered, so that the second is quick. */
function evaluate(name, adapter, benchmark, isAgainstRun = false) {
  const file = resultFile(name, benchmark, isAgainstRun);
  const against = isAgainstRun ? resultFile('run', benchmark) : 'base';
  const asked = [...ofModel, ...onThreads, '--adapter', adapter, '--against', against, '--out', file];
  if (!existsSync(file)) call(['evaluate', benchmark, ...asked, ...askedOf[benchmark]]);
  return JSON.parse(readFileSync(file, 'utf8')).comparison;
}

const askedOf = {
  ifeval: values.ifeval ? ['--data', values.ifeval] : [],
  squad2: ['--data', place('squad.json'), '--shots', '0', '--limit', squadItems, '--form', values.form],
};

function measured(name, adapter) {
  const ifeval = [evaluate(name, adapter, 'ifeval').average];
  const squad = [evaluate(name, adapter, 'squad2').f1];
  if (name !== 'run') {
    ifeval.push(evaluate(name, adapter, 'ifeval', true).average);
    squad.push(evaluate(name, adapter, 'squad2', true).f1);
  }
  return { name, ifeval, squad };
}

/** "+6.9, p < .001" */
function differenceText({ difference, p }) {
  const sign = difference < 0 ? '−' : '+';
  const chance = p < 0.001 ? '< .001' : p.toFixed(3).replace('0.', '.');
  return `${sign}${Math.abs(difference).toFixed(1)}, p ${chance}`;
}

/** Of one benchmark: the value, its difference from the base, and from the run. */
function cells([toBase, toRun]) {
  return [`${toBase.value.toFixed(1)} %`, differenceText(toBase), toRun ? differenceText(toRun) : ''].join(' | ');
}

function table(rows) {
  const ifeval = rows[0].ifeval[0];
  const squad = rows[0].squad[0];
  return [
    `| | IFEval, average (${ifeval.n}) | to the base | to the run | SQuAD, answerable, F1 (${squad.n}) | to the base | to the run |`,
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    `| base | ${ifeval.other.toFixed(1)} % | | | ${squad.other.toFixed(1)} % | | |`,
    ...rows.map((row) => `| ${row.name} | ${cells(row.ifeval)} | ${cells(row.squad)} |`),
  ].join('\n');
}

mkdirSync(out, { recursive: true });
writeFileSync(place('squad.json'), JSON.stringify(withoutUnanswerable(values.squad)));
const rows = [measured('run', path.join(iteration, 'adapter.gguf'))];
if (!values['without-controls']) {
  writeControls();
  for (const [name, epochs] of [
    ['random', 2],
    ['seeds', 3],
  ]) {
    trainControl(name, epochs);
    rows.push(measured(name, place(`${name}.gguf`)));
  }
}
console.log(table(rows));
