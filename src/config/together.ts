// Settings that make sense only together. Each alone may be right, so this looks at the whole configuration, after flags,
// file, preset and defaults are laid over each other.
import { constraintFamily } from '../shared/constraints/check.js';
import { constraintFamilies } from '../shared/constraints/families/index.js';
import { didYouMean } from '../shared/nearest-word.js';
import { givenFormSettings, givenSeedSettings } from './list-settings.js';
import { type Config, endpointKeys } from './schema.js';
import { defaultMergeType } from './train-schema.js';

/** What is wrong, in words; `nameOf` gives the name under which the person gave a key. */
export function problemsTogether(config: Config, nameOf: (key: string) => string): string[] {
  const { gate, merge, train } = config;
  const problems = [
    ...endpointProblems(config, nameOf),
    ...ownProblems(config, nameOf),
    ...synthesizeProblems(config, nameOf),
    ...filterProblems(config, nameOf),
    ...selectProblems(config, nameOf),
    ...measuringProblems(config, nameOf),
    ...iterationProblems(config, nameOf),
    ...joinerProblems(config, nameOf),
    ...constraintProblems(config, nameOf),
    ...partProblems(config, nameOf),
  ];
  if (train.patience > 0 && train.validation === 0) {
    problems.push(
      `${nameOf('train.patience')} needs ${nameOf('train.validation')} above 0: without held-out pairs there is no loss to watch`,
    );
  }
  if (gate.suite.includes('none') && gate.suite.length > 1) {
    problems.push(`${nameOf('gate.suite')} none stands alone; it is ${gate.suite.join(',')}`);
  }
  if (new Set(train.targets).size < train.targets.length) {
    problems.push(`${nameOf('train.targets')} names a matrix twice: ${train.targets.join(',')}`);
  }
  if (merge.when === 'never' && merge.type !== defaultMergeType) {
    problems.push(`${nameOf('merge.type')} has no meaning without ${nameOf('merge.when')} each or last`);
  }
  return problems;
}

function filterProblems({ filter }: Config, nameOf: (key: string) => string): string[] {
  if (filter.evaluationFiles !== undefined) return [];
  const files = nameOf('filter.evaluationFiles');
  const problems: string[] = [];
  if (filter.contaminationNgram !== undefined) {
    problems.push(`${nameOf('filter.contaminationNgram')} has no meaning without ${files}`);
  }
  if (filter.rules?.includes('contamination') === true) {
    problems.push(`${nameOf('filter.rules')} contamination needs ${files}: files to compare with`);
  }
  return problems;
}

function ownProblems({ own, synthesize }: Config, nameOf: (key: string) => string): string[] {
  const { method } = synthesize;
  const [methodName, documents] = [nameOf('synthesize.method'), nameOf('own.documents')];
  if (method === 'none' && own.instructions === undefined) {
    return [`${methodName} none needs ${nameOf('own.instructions')}: without them there is no instruction at all`];
  }
  if (method === 'documents' && own.documents === undefined) {
    return [`${methodName} documents needs ${documents}: the files that passages are drawn from`];
  }
  if (method === 'documents' || own.documents === undefined) return [];
  return [`${documents} has no meaning without ${methodName} documents; it is ${method}`];
}

function selectProblems({ assess, respond, select }: Config, nameOf: (key: string) => string): string[] {
  if (select.by !== 'assessment') return [];
  const problems: string[] = [];
  const givesGrades = assess.method === 'expected' || assess.method === 'sampled';
  const why = assess.method === 'auto' ? 'which may choose ranks' : 'which gives ranks and no grades';
  const choice = `${nameOf('assess.method')} expected or sampled`;
  if ((select.grades === 'quality' || select.grades === 'following') && !givesGrades) {
    problems.push(`${nameOf('select.grades')} ${select.grades} needs ${choice}; it is ${assess.method}, ${why}`);
  }
  if (select.maxDisagreement !== undefined && !givesGrades) {
    problems.push(`${nameOf('select.maxDisagreement')} needs ${choice}; it is ${assess.method}, ${why}`);
  }
  if (select.maxDisagreement !== undefined && assess.repeats < 2) {
    const repeats = `${nameOf('assess.repeats')} of at least 2`;
    problems.push(`${nameOf('select.maxDisagreement')} needs ${repeats}: one grade cannot disagree with itself`);
  }
  if (select.grades !== 'none') return problems;
  const scoreless = `${nameOf('select.grades')} none: there are no scores`;
  if (select.lengthNeutral) problems.push(`${nameOf('select.lengthNeutral')} has no meaning with ${scoreless}`);
  if (select.maxDisagreement !== undefined) {
    problems.push(`${nameOf('select.maxDisagreement')} has no meaning with ${scoreless}`);
  }
  if (respond.responses > 1) {
    problems.push(
      `${nameOf('respond.responses')} above 1 has no meaning with ${scoreless}, by which the best is chosen`,
    );
  }
  return problems;
}

/** What looks back needs something behind it. */
function iterationProblems(
  { iterations, select, synthesize, train }: Config,
  nameOf: (key: string) => string,
): string[] {
  if (iterations > 1) return [];
  const needs = `needs an earlier iteration; ${nameOf('iterations')} is 1`;
  return [
    ...(synthesize.writer === 'base' ? [`${nameOf('synthesize.writer')} base ${needs}`] : []),
    ...(train.startFrom === 'last' ? [`${nameOf('train.startFrom')} last ${needs}`] : []),
    ...(select.accumulate > 0 ? [`${nameOf('select.accumulate')} above 0 ${needs}`] : []),
  ];
}

/** Selection by measurement needs no judge, but the model itself. */
function measuringProblems(
  { engine, instructions, respond, select }: Config,
  nameOf: (key: string) => string,
): string[] {
  const { by, clusters, grades } = select;
  if (by === 'assessment') return [];
  const problems: string[] = [];
  const chosen = `${nameOf('select.by')} ${by}`;
  if (engine !== 'local') {
    problems.push(
      `${chosen} has no meaning with ${nameOf('engine')} ${engine}: a server shows neither its vectors nor how likely a text is ` +
        'by itself',
    );
  }
  if (respond.responses > 1) {
    problems.push(
      `${nameOf('respond.responses')} above 1 needs ${nameOf('select.by')} assessment, by which the best is chosen; it is ${by}`,
    );
  }
  const judging = [
    ...(grades === 'both' ? [] : [`${nameOf('select.grades')} ${grades}`]),
    ...(select.lengthNeutral ? [nameOf('select.lengthNeutral')] : []),
    ...(select.maxDisagreement === undefined ? [] : [nameOf('select.maxDisagreement')]),
  ];
  for (const setting of judging) {
    problems.push(`${setting} has no meaning with ${chosen}, where nothing is judged`);
  }
  if (by !== 'perplexity' && clusters >= instructions) {
    problems.push(
      `${nameOf('select.clusters')} must be below ${nameOf('instructions')}, of which there are ${instructions}, so that there ` +
        `is a choice in a cluster; it is ${clusters}`,
    );
  }
  return problems;
}

function synthesizeProblems({ engine, quirks, synthesize }: Config, nameOf: (key: string) => string): string[] {
  const problems: string[] = [];
  if (engine !== 'local' && synthesize.demonstrationsBy === 'density') {
    const choice = `${nameOf('synthesize.demonstrationsBy')} density`;
    problems.push(`${choice} needs ${nameOf('engine')} local: no endpoint gives the vectors of its last layer`);
  }
  if (engine !== 'local' && synthesize.method === 'turn') {
    const choice = `${nameOf('synthesize.method')} turn`;
    problems.push(`${choice} needs ${nameOf('engine')} local: no endpoint lets a model write the user's turn`);
  }
  if (engine !== 'local' && synthesize.writer === 'base') {
    const choice = `${nameOf('synthesize.writer')} base`;
    problems.push(`${choice} needs ${nameOf('engine')} local: an endpoint's model is the same in every iteration`);
  }
  if (synthesize.method === 'none' && synthesize.writer === 'base') {
    problems.push(`${nameOf('synthesize.writer')} base has no meaning where ${nameOf('synthesize.method')} is none`);
  }
  const { begun = 0, method } = synthesize;
  if (begun > 0 && method !== 'turn' && method !== 'auto') {
    const needs = `needs ${nameOf('synthesize.method')} turn; it is ${method}`;
    problems.push(`${nameOf('synthesize.begun')} is of users' turns, and ${needs}`);
  }
  const settings = { quirks, synthesize };
  if (method === 'auto' && begun > 0) {
    for (const key of [...givenSeedSettings(settings), ...givenFormSettings(settings)]) {
      problems.push(
        `${nameOf('synthesize.begun')} is of users' turns, and ${nameOf(key)} of lists; leave one of them out`,
      );
    }
  }
  if (method === 'auto' || method === 'seeds') return problems;
  for (const key of [...givenSeedSettings(settings), ...(method === 'turn' ? givenFormSettings(settings) : [])]) {
    const choice = `${nameOf('synthesize.method')} ${method}`;
    problems.push(`${nameOf(key)} is of lists that go on from seeds, and has no meaning with ${choice}`);
  }
  return problems;
}

function joinerProblems({ inputJoiner, quirks }: Config, nameOf: (key: string) => string): string[] {
  if (!quirks.gluedInput || inputJoiner !== 'nothing') return [];
  return [
    `${nameOf('quirks.gluedInput')} changes nothing where ${nameOf('inputJoiner')} is nothing; leave one of them out`,
  ];
}

function partProblems({ constraints }: Config, nameOf: (key: string) => string): string[] {
  const { beginnings, endings } = constraints;
  if (beginnings + endings <= 1) return [];
  return [
    `${nameOf('constraints.beginnings')} ${beginnings} and ${nameOf('constraints.endings')} ${endings} are shares of the same ` +
      'pairs, and more than 1 together; lower one of them',
  ];
}

/** Constraints that do not exist, do not go together, or that no response can meet. */
function constraintProblems({ constraints, respond }: Config, nameOf: (key: string) => string): string[] {
  const names = constraints.families ?? constraintFamilies.map(({ name }) => name);
  const key = nameOf('constraints.families');
  if (constraints.share === 0 && constraints.hindsight === 0) {
    const where = `where ${nameOf('constraints.share')} and ${nameOf('constraints.hindsight')} are 0`;
    return constraints.families === undefined ? [] : [`${key} has no meaning ${where}`];
  }
  const families = names.flatMap((name) => constraintFamily(name) ?? []);
  const unknown = names.filter((name) => constraintFamily(name) === undefined);
  const all = constraintFamilies.map(({ name }) => name);
  const problems = unknown.map((name) => `${key} has no family ${name}.${didYouMean(name, all)}`);
  if (new Set(names).size < names.length) problems.push(`${key} names a family twice: ${names.join(',')}`);
  // In hindsight nothing is asked for but what a response has.
  const asked = constraints.share === 0 ? [] : families;
  for (const { name, fewestWords } of asked.filter((family) => family.fewestWords > respond.maxTokens)) {
    problems.push(
      `${name} asks for up to ${fewestWords} words, which no response of ${nameOf('respond.maxTokens')} ${respond.maxTokens} ` +
        `tokens has; allow more, or leave it out of ${key}`,
    );
  }
  return problems;
}

function endpointProblems(config: Config, nameOf: (key: string) => string): string[] {
  const { engine, enginePrompts, baseUrl, respond, synthesize } = config;
  if (engine === 'local') {
    const given = endpointKeys.filter((key) => config[key] !== undefined);
    return given.map((key) => `${nameOf(key)} has no meaning without ${nameOf('engine')} openai`);
  }
  if (baseUrl === undefined) {
    return [`${nameOf('engine')} openai needs ${nameOf('baseUrl')}, such as http://127.0.0.1:8080/v1`];
  }
  const wrong = baseUrlProblem(baseUrl);
  const forms = { 'respond.form': respond.form, 'synthesize.form': synthesize.form };
  const chats = enginePrompts === 'raw' ? Object.entries(forms).filter(([, form]) => form === 'chat') : [];
  return [
    ...(wrong === undefined
      ? []
      : [`${nameOf('baseUrl')} must be an address such as http://127.0.0.1:8080/v1; ${wrong}`]),
    ...chats.map(([key]) => `${nameOf(key)} chat has no meaning with ${nameOf('enginePrompts')} raw`),
  ];
}

/** What is wrong with the address of a server, in words. Does not repeat one that may hold a password. */
export function baseUrlProblem(baseUrl: string): string | undefined {
  if (!URL.canParse(baseUrl)) return `${JSON.stringify(baseUrl)} is none`;
  const url = new URL(baseUrl);
  if (url.username !== '' || url.password !== '') {
    return 'it must not hold a name or a password; a key goes into the environment variable ISHEEP_API_KEY';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `${JSON.stringify(baseUrl)} is not http or https`;
  return url.search === '' && url.hash === '' ? undefined : `${JSON.stringify(baseUrl)} has more than a path`;
}
