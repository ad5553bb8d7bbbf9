// Settings that make sense only together. Each alone may be right, so this looks at the whole configuration, after flags,
// file, preset and defaults are laid over each other.
import { type Config, endpointKeys } from './schema.js';

/** What is wrong, in words; `nameOf` gives the name under which the person gave a key. */
export function problemsTogether(config: Config, nameOf: (key: string) => string): string[] {
  const { merge, train } = config;
  const problems = [...endpointProblems(config, nameOf), ...selectProblems(config, nameOf)];
  if (train.patience > 0 && train.validation === 0) {
    problems.push(
      `${nameOf('train.patience')} needs ${nameOf('train.validation')} above 0: without held-out pairs there is no loss to watch`,
    );
  }
  if (new Set(train.targets).size < train.targets.length) {
    problems.push(`${nameOf('train.targets')} names a matrix twice: ${train.targets.join(',')}`);
  }
  if (merge.when === 'never' && merge.type !== 'same') {
    problems.push(`${nameOf('merge.type')} has no meaning without ${nameOf('merge.when')} each or last`);
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
