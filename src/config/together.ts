// Settings that make sense only together. Each alone may be right, so this looks at the whole configuration, after flags,
// file, preset and defaults are laid over each other.
import { constraintFamily } from '../shared/constraints/check.js';
import { mostCombined } from '../shared/constraints/combine.js';
import { constraintFamilies } from '../shared/constraints/families/index.js';
import { didYouMean } from '../shared/nearest-word.js';
import { type Config, endpointKeys } from './schema.js';

/** What is wrong, in words; `nameOf` gives the name under which the person gave a key. */
export function problemsTogether(config: Config, nameOf: (key: string) => string): string[] {
  const { train } = config;
  const problems = [...endpointProblems(config, nameOf), ...selectProblems(config, nameOf)];
  problems.push(...joinerProblems(config, nameOf), ...constraintProblems(config, nameOf));
  if (train.patience > 0 && train.validation === 0) {
    problems.push(
      `${nameOf('train.patience')} needs ${nameOf('train.validation')} above 0: without held-out pairs there is no loss to watch`,
    );
  }
  if (new Set(train.targets).size < train.targets.length) {
    problems.push(`${nameOf('train.targets')} names a matrix twice: ${train.targets.join(',')}`);
  }
  return problems;
}

function selectProblems({ assess, select }: Config, nameOf: (key: string) => string): string[] {
  const isOfOne = select.grades === 'quality' || select.grades === 'following';
  if (!isOfOne || assess.method === 'expected' || assess.method === 'sampled') return [];
  const why = assess.method === 'auto' ? 'which may choose ranks' : 'which gives ranks and no grades';
  const choice = `${nameOf('assess.method')} expected or sampled`;
  return [`${nameOf('select.grades')} ${select.grades} needs ${choice}; it is ${assess.method}, ${why}`];
}

function joinerProblems({ inputJoiner, quirks }: Config, nameOf: (key: string) => string): string[] {
  if (!quirks.gluedInput || inputJoiner !== 'nothing') return [];
  return [
    `${nameOf('quirks.gluedInput')} changes nothing where ${nameOf('inputJoiner')} is nothing; leave one of them out`,
  ];
}

/** Constraints that do not exist, do not go together, or that no response can meet. */
function constraintProblems({ constraints, respond }: Config, nameOf: (key: string) => string): string[] {
  const names = constraints.families ?? constraintFamilies.map(({ name }) => name);
  const key = nameOf('constraints.families');
  if (constraints.share === 0) {
    if (constraints.families === undefined) return [];
    return [`${key} has no meaning where ${nameOf('constraints.share')} is 0`];
  }
  const families = names.flatMap((name) => constraintFamily(name) ?? []);
  const unknown = names.filter((name) => constraintFamily(name) === undefined);
  const all = constraintFamilies.map(({ name }) => name);
  const problems = unknown.map((name) => `${key} has no family ${name}.${didYouMean(name, all)}`);
  if (new Set(names).size < names.length) problems.push(`${key} names a family twice: ${names.join(',')}`);
  const wanted = constraints.perInstruction;
  const most = mostCombined(families, wanted);
  if (unknown.length === 0 && most < wanted) {
    problems.push(
      `${nameOf('constraints.perInstruction')} is ${wanted}, and of ${names.join(',')} at most ${most} can be met together`,
    );
  }
  for (const { name, fewestWords } of families.filter((family) => family.fewestWords > respond.maxTokens)) {
    problems.push(
      `${name} asks for up to ${fewestWords} words, which no response of ${nameOf('respond.maxTokens')} ${respond.maxTokens} ` +
        `tokens has; allow more, or leave it out of ${key}`,
    );
  }
  return problems;
}

function endpointProblems(config: Config, nameOf: (key: string) => string): string[] {
  const { engine, baseUrl } = config;
  if (engine === 'local') {
    const given = endpointKeys.filter((key) => config[key] !== undefined);
    return given.map((key) => `${nameOf(key)} has no meaning without ${nameOf('engine')} openai`);
  }
  if (baseUrl === undefined) {
    return [`${nameOf('engine')} openai needs ${nameOf('baseUrl')}, such as http://127.0.0.1:8080/v1`];
  }
  const wrong = baseUrlProblem(baseUrl);
  return wrong === undefined
    ? []
    : [`${nameOf('baseUrl')} must be an address such as http://127.0.0.1:8080/v1; ${wrong}`];
}

/** Does not repeat an address that may hold a password. */
function baseUrlProblem(baseUrl: string): string | undefined {
  if (!URL.canParse(baseUrl)) return `${JSON.stringify(baseUrl)} is none`;
  const url = new URL(baseUrl);
  if (url.username !== '' || url.password !== '') {
    return 'it must not hold a name or a password; a key goes into the environment variable ISHEEP_API_KEY';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return `${JSON.stringify(baseUrl)} is not http or https`;
  return url.search === '' && url.hash === '' ? undefined : `${JSON.stringify(baseUrl)} has more than a path`;
}
