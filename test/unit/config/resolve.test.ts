import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { presetNames, presets } from '../../../src/config/presets.js';
import { resolveConfig, type Flags } from '../../../src/config/resolve.js';
import { configSchema } from '../../../src/config/schema.js';
import { IsheepError } from '../../../src/shared/errors.js';

const folder = mkdtempSync(path.join(tmpdir(), 'isheep-config-'));
let files = 0;

function configFile(content: unknown): string {
  const file = path.join(folder, `config-${files++}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function flags(values: Record<string, unknown>): Flags {
  return new Map(Object.entries(values).map(([key, value]) => [key, { value, name: `--${key}` }]));
}

function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(IsheepError);
    expect((error as IsheepError).code).toBe('bad-config');
    expect((error as IsheepError).exitCode).toBe(2);
    return (error as IsheepError).message.split('\n');
  }
  throw new Error('it did not throw');
}

const problemsOfFile = (content: unknown) => problemsOf(() => resolveConfig({ file: configFile(content) }));

describe('precedence', () => {
  it('takes the defaults where nothing is said', () => {
    expect(resolveConfig()).toEqual(configSchema.parse({}));
  });

  it('lets flags win over the file, the file over the preset, the preset over the defaults', () => {
    const file = configFile({ instructions: 50, train: { rank: 4, alpha: 8 } });
    const config = resolveConfig({ preset: 'demo', file, flags: flags({ 'train.rank': 2 }) });
    expect(config.train.rank).toBe(2);
    expect(config.train.alpha).toBe(8);
    expect(config.instructions).toBe(50);
    expect(config.iterations).toBe(presets.demo.iterations);
    expect(config.train.dropout).toBe(0.05);
  });

  it('replaces lists as a whole', () => {
    expect(resolveConfig({ file: configFile({ train: { targets: ['q'] } }) }).train.targets).toEqual(['q']);
  });

  it('trains in the preset paper as arXiv 2408.08072 did, whatever the defaults are', () => {
    const { train, select } = resolveConfig({ preset: 'paper' });
    expect(train).toMatchObject({
      rank: 8,
      alpha: 16,
      dropout: 0.05,
      targets: ['q', 'k', 'v', 'o', 'gate', 'up', 'down'],
    });
    expect(train).toMatchObject({
      epochs: 2,
      learningRate: 5e-5,
      schedule: 'cosine',
      warmupSteps: 20,
      maxLength: 1024,
    });
    expect(train).toMatchObject({ batchSize: 16, accumulate: 1, validation: 0.1, evaluateEvery: 100, keepBest: true });
    expect([train.steps, train.batchTokens, train.patience, select.atMost]).toEqual([undefined, undefined, 0, 3000]);
    expect(presets.paper.train).toMatchObject({ rankStabilized: false, weightDecay: 0, maxGradNorm: 1 });
  });

  it('writes instructions in the preset paper as arXiv 2408.08072 did, whatever the defaults are', () => {
    const { instructions, iterations, synthesize } = resolveConfig({ preset: 'paper' });
    expect([instructions, iterations]).toEqual([10_000, 3]);
    expect(synthesize).toMatchObject({ method: 'seeds', writer: 'current', textsPerPrompt: 1, demonstrations: 5 });
    expect(synthesize).toMatchObject({ temperature: 1, topP: 0.95, minP: 0, maxTokens: 1000, maxTasks: 11 });
  });

  it('makes 2,000 instructions in each of three iterations by default', () => {
    const { instructions, iterations } = resolveConfig({});
    expect([instructions, iterations]).toEqual([2000, 3]);
  });

  it('asks for responses in the preset paper as arXiv 2408.08072 did, whatever the defaults are', () => {
    expect(presets.paper).toMatchObject({
      inputJoiner: 'newline',
      respond: { form: 'raw-first', responses: 1, temperature: 1, topP: 0.95, maxTokens: 1000 },
      constraints: { share: 0, hindsight: 0 },
      quirks: { gluedInput: false },
    });
  });

  it.each(presetNames)('has a valid preset %s', (preset) => {
    expect(() => resolveConfig({ preset })).not.toThrow();
  });

  it('reads a file with a byte order mark and an editor hint', () => {
    const file = configFile(`\uFEFF${JSON.stringify({ $schema: './config.schema.json', iterations: 7 })}`);
    expect(resolveConfig({ file }).iterations).toBe(7);
  });
});

describe('errors', () => {
  it('words a bad value with expectation, name, value and type', () => {
    expect(problemsOfFile({ train: { rank: 'eight' } })).toEqual([
      'train.rank must be a whole number from 1 to 256; "eight" is a string',
    ]);
  });

  it('names the nearest key for an unknown one', () => {
    expect(problemsOfFile({ train: { rnak: 8 } })).toEqual(['No option train.rnak. Did you mean train.rank?']);
  });

  it('reports all problems at once', () => {
    const bad = { tarin: {}, seed: -1, train: { rank: 0, targets: ['q', 'z'], dropout: 1 }, select: { share: null } };
    expect(problemsOfFile(bad)).toEqual([
      'seed must be a whole number from 0 to 4294967295; it is -1',
      'select.share must be a number above 0, at most 1; null is no value',
      'train.rank must be a whole number from 1 to 256; it is 0',
      'train.dropout must be a number from 0, below 1; it is 1',
      'train.targets must be a list of q, k, v, o, gate, up, down; "z" is none of them',
      'No option tarin. Did you mean train?',
    ]);
  });

  it.each([
    [{ train: 5 }, 'train must be a group of settings; 5 is a number'],
    [{ train: { rank: 1.5 } }, 'train.rank must be a whole number from 1 to 256; 1.5 is not whole'],
    [{ train: { targets: [] } }, 'train.targets must be a list of q, k, v, o, gate, up, down; the list is empty'],
    [{ train: { targets: 'q' } }, 'train.targets must be a list of q, k, v, o, gate, up, down; "q" is a string'],
    [{ train: { rankStabilized: 1 } }, 'train.rankStabilized must be true or false; 1 is a number'],
    [{ device: 'gpu' }, 'device must be one of auto, cpu, cuda, vulkan, metal; it is "gpu"'],
    [{ model: '' }, 'model must be a text that is not empty; it is ""'],
    [{ iterations: [1] }, 'iterations must be a whole number from 1 to 1000; [1] is a list'],
    [{ instructions: 0 }, 'instructions must be a whole number of at least 1; it is 0'],
    [{ zzzzzzzzzz: 1 }, 'No option zzzzzzzzzz.'],
    [
      { quirks: { gluedInput: true }, inputJoiner: 'nothing' },
      'quirks.gluedInput changes nothing where inputJoiner is nothing; leave one of them out',
    ],
    [
      { constraints: { beginnings: 0.9, endings: 0.2 } },
      'constraints.beginnings 0.9 and constraints.endings 0.2 are shares of the same pairs, and more than 1 together; lower one of them',
    ],
    [
      { constraints: { hindsight: 0, families: ['no-commas'] } },
      'constraints.families has no meaning where constraints.share and constraints.hindsight are 0',
    ],
    [
      { constraints: { share: 0.5, families: ['no-comma', 'one-line'] } },
      'constraints.families has no family no-comma. Did you mean no-commas?',
    ],
    [
      { constraints: { share: 0.5, families: ['one-line', 'one-line'] } },
      'constraints.families names a family twice: one-line,one-line',
    ],
    [
      { constraints: { share: 0.5, families: ['words-between'] }, respond: { maxTokens: 50 } },
      'words-between asks for up to 60 words, which no response of respond.maxTokens 50 tokens has; allow more, or leave it out of constraints.families',
    ],
    [{ constraints: { perInstruction: 4 } }, 'constraints.perInstruction must be a whole number from 1 to 3; it is 4'],
    [
      { select: { grades: 'quality' } },
      'select.grades quality needs assess.method expected or sampled; it is auto, which may choose ranks',
    ],
    [
      { select: { grades: 'following' }, assess: { method: 'likelihood' } },
      'select.grades following needs assess.method expected or sampled; it is likelihood, which gives ranks and no grades',
    ],
    [{ filter: { contaminationNgram: 8 } }, 'filter.contaminationNgram has no meaning without filter.evaluationFiles'],
    [
      { filter: { rules: ['url', 'contamination'] } },
      'filter.rules contamination needs filter.evaluationFiles: files to compare with',
    ],
    [{ filter: { evaluationFiles: [] } }, 'filter.evaluationFiles must be a list of texts; the list is empty'],
    [
      { filter: { evaluationFiles: ['a.jsonl'], contaminationNgram: 4 } },
      'filter.contaminationNgram must be a whole number from 5 to 50; it is 4',
    ],
    [
      { select: { by: 'perplexity', grades: 'quality' } },
      'select.grades quality has no meaning with select.by perplexity, where nothing is judged',
    ],
    [
      { instructions: 300, select: { by: 'density' } },
      'select.clusters must be below instructions, of which there are 300, so that there is a choice in a cluster; it is 300',
    ],
    [
      { engine: 'openai', baseUrl: 'http://127.0.0.1:1/v1', select: { by: 'density' } },
      'select.by density has no meaning with engine openai: a server shows neither its vectors nor how likely a text is by itself',
    ],
    [
      { synthesize: { method: 'none' } },
      'synthesize.method none needs own.instructions: without them there is no instruction at all',
    ],
    [
      { synthesize: { method: 'documents' } },
      'synthesize.method documents needs own.documents: the files that passages are drawn from',
    ],
    [
      { synthesize: { method: 'turn', form: 'chat' } },
      'synthesize.form is of lists that go on from seeds, and has no meaning with synthesize.method turn',
    ],
    [
      { synthesize: { begun: 0.5, topics: 'own' } },
      "synthesize.begun is of users' turns, and synthesize.topics of lists; leave one of them out",
    ],
    [
      { synthesize: { method: 'seeds', begun: 0.5 } },
      "synthesize.begun is of users' turns, and needs synthesize.method turn; it is seeds",
    ],
    [
      { engine: 'openai', baseUrl: 'http://127.0.0.1:1/v1', synthesize: { method: 'turn' } },
      "synthesize.method turn needs engine local: no endpoint lets a model write the user's turn",
    ],
    [{ own: { documents: ['a.md'] } }, 'own.documents has no meaning without synthesize.method documents; it is auto'],
    [{ own: { documents: 'a.md' } }, 'own.documents must be a list of texts; "a.md" is a string'],
    [{ merge: { type: 'q8_0' } }, 'merge.type has no meaning without merge.when each or last'],
  ])('words %j', (content, message) => {
    expect(problemsOfFile(content)).toEqual([message]);
  });

  it('names the filters that do not exist, each with the nearest that does', () => {
    const [problem = '', ...more] = problemsOfFile({ filter: { rules: ['novelti', 'media', 'paper-option', 'zzz'] } });
    expect(more).toEqual([]);
    expect(problem).toMatch(/^filter\.rules must be a list of default, paper, instruction-length, .*paper-empty; /);
    expect(problem.slice(problem.indexOf('; '))).toBe(
      '; "novelti" is none of them, did you mean novelty?; "paper-option" is none of them, did you mean paper-options?; ' +
        '"zzz" is none of them',
    );
  });

  it('does not take a key of Object.prototype for a setting', () => {
    expect(problemsOfFile('{"__proto__": {"polluted": 1}, "constructor": 2}').join()).toMatch(/^No option/);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('tells of values that are wrong together beside those that are wrong alone', () => {
    const given = flags({ 'train.epochs': 0, iterations: 1, 'train.startFrom': 'last' });
    expect(problemsOf(() => resolveConfig({ file: configFile({ select: { accumulate: 1 } }), flags: given }))).toEqual([
      '--train.epochs must be a number above 0, at most 10000; it is 0',
      '--train.startFrom last needs an earlier iteration; --iterations is 1',
      'select.accumulate above 0 needs an earlier iteration; --iterations is 1',
    ]);
  });

  it('holds nothing against the others that the right form of a wrong value may mend', () => {
    const densities = { instructions: 100, select: { by: 'densty', clusters: 500, lengthNeutral: true } };
    expect(problemsOfFile(densities)).toHaveLength(1);
    expect(problemsOfFile({ iterations: 'two', train: { startFrom: 'last' } })).toHaveLength(1);
    expect(problemsOfFile({ engne: 'openai', baseUrl: 'http://127.0.0.1:8080/v1' })).toHaveLength(1);
    expect(problemsOfFile({ constraints: 0, select: { lengthNeutral: true, grades: 'none' } })).toHaveLength(1);
  });

  it('names a flag as it was given', () => {
    const rank: Flags = new Map([['train.rank', { value: 999, name: '--rank' }]]);
    expect(problemsOf(() => resolveConfig({ flags: rank }))).toEqual([
      '--rank must be a whole number from 1 to 256; it is 999',
    ]);
  });

  it('says what is wrong with the file itself', () => {
    const missing = path.join(folder, 'missing.json');
    expect(problemsOf(() => resolveConfig({ file: missing }))).toEqual([`--config ${missing}: there is no such file`]);
    expect(problemsOf(() => resolveConfig({ file: folder }))).toEqual([
      `--config ${folder}: it is a folder, not a file`,
    ]);
    const list = configFile([1]);
    expect(problemsOf(() => resolveConfig({ file: list }))).toEqual([
      `${list} must hold one JSON object, { "key": value, … }`,
    ]);
    expect(problemsOfFile('{"a": ').join()).toMatch(/--config .*: .*JSON/);
  });
});

describe('fuzz', () => {
  it('never throws anything but bad-config, whatever a file holds', () => {
    const values: unknown[] = [null, 0, -1, 1e308, '', 'x', [], {}, [[]], { a: { b: 1 } }, true, '\uD800'];
    for (const key of ['model', 'train', 'train.rank', 'filter.rules', 'seed', 'nope.nope', 'assess.method']) {
      const [first = '', second] = key.split('.');
      for (const value of values) {
        const content = second === undefined ? { [first]: value } : { [first]: { [second]: value } };
        try {
          resolveConfig({ file: configFile(content) });
        } catch (error) {
          expect((error as IsheepError).code).toBe('bad-config');
        }
      }
    }
  });
});
