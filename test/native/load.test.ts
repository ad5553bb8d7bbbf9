// Loading models and adapters, good and bad ones.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { NativeModel } from '../../src/native/addon-types.js';
import { loadAddon } from '../../src/native/load-addon.js';
import { type GgufTensor, type GgufValue, writeGguf } from '../support/gguf-writer.js';
import { realModelPath } from '../support/models.js';
import { tinyModel } from '../support/tiny-model.js';
import { createSmallRunner, greedy, loadRealModel, nothing } from '../support/native.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-load-'));
const file = (name: string): string => path.join(folder, name);
const load = (name: string, vocabularyOnly = false): Promise<NativeModel> =>
  loadAddon().loadModel({ path: name, device: 'cpu', vocabularyOnly });

let model: NativeModel;

beforeAll(async () => {
  model = await loadRealModel();
});

afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

describe('a model', () => {
  test('says what it is', () => {
    expect(model.info).toMatchObject({
      architecture: 'llama',
      vocabularySize: 49152,
      trainedContext: 8192,
      embeddingLength: 576,
      layers: 30,
      cacheBytesPerToken: 23040,
      bosText: '<|im_start|>',
      eosText: '<|im_end|>',
      addBos: false,
      endTokens: [0, 2, 4],
    });
    expect(model.info.chatTemplate).toContain('<|im_start|>');
    expect(model.info.specialTokens).toContainEqual({
      id: 2,
      text: '<|im_end|>',
      stripsLeft: false,
      stripsRight: false,
    });
  });

  test('turns text into tokens and back, special ones only where asked', () => {
    const text = 'Grüße, 世界! 😀\n\n  two  spaces <|im_end|>';
    const [plain] = model.tokenize([text], false);
    const [special] = model.tokenize([text], true);
    expect(model.detokenize(plain as Int32Array)).toBe(text);
    expect([...(plain ?? [])]).not.toContain(2);
    expect(special?.at(-1)).toBe(2);
    expect(model.detokenize(special as Int32Array)).toBe(text.replace('<|im_end|>', ''));
    expect(model.tokenize(['', 'a'], false).map((tokens) => tokens.length)).toEqual([0, 1]);
    expect(() => model.detokenize(Int32Array.of(49152))).toThrow(/outside the vocabulary/);
  });

  test('for its vocabulary alone tokenizes and does nothing else', async () => {
    const vocabulary = await load(realModelPath(), true);
    expect(vocabulary.tokenize(['Hello there'], false)).toEqual(model.tokenize(['Hello there'], false));
    expect(vocabulary.info.layers).toBe(30);
    await expect(createSmallRunner(vocabulary)).rejects.toMatchObject({ code: 'bad-config' });
    await expect(vocabulary.loadAdapter('x')).rejects.toMatchObject({ code: 'bad-config' });
    await vocabulary.dispose();
  });
});

describe('a file that is no model is an error:', () => {
  test('missing', async () => {
    const name = file('missing.gguf');
    await expect(load(name)).rejects.toMatchObject({ code: 'model-not-found', message: `no such model file: ${name}` });
    await expect(load(folder)).rejects.toMatchObject({
      code: 'model-not-found',
      message: `the model is not a file: ${folder}`,
    });
  });

  test('not GGUF', async () => {
    for (const content of ['', 'GG', 'something else altogether']) {
      writeFileSync(file('other.gguf'), content);
      await expect(load(file('other.gguf'))).rejects.toMatchObject({
        code: 'bad-input',
        message: `not a GGUF file: ${file('other.gguf')}`,
      });
    }
  });

  test('cut off in its data', async () => {
    const name = file('cut.gguf');
    writeFileSync(name, readFileSync(realModelPath()));
    truncateSync(name, 50_000_000);
    await expect(load(name)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(
        /cut\.gguf is cut off: it has 50000000 bytes and its header promises \d+$/,
      ) as string,
    });
  });

  test('cut off anywhere in its header', async () => {
    const bytes = readFileSync(realModelPath()).subarray(0, 2_000_000);
    for (const length of [4, 8, 12, 24, 30, 100, 1000, 5000, 100_000, 1_000_000]) {
      writeFileSync(file('header.gguf'), bytes.subarray(0, length));
      await expect(load(file('header.gguf'))).rejects.toMatchObject({ code: 'bad-input', hint: 'get the file again' });
    }
  });

  test('of an unknown architecture', async () => {
    writeGguf(file('strange.gguf'), { 'general.architecture': { type: 'string', value: 'perceptron' } }, []);
    await expect(load(file('strange.gguf'))).rejects.toMatchObject({
      code: 'unsupported-model',
      message: expect.stringContaining("unknown model architecture: 'perceptron'") as string,
    });
  });

  test.each([
    ['llama.block_count', 0, /has 0 as llama\.block_count, which must be from 1 to 512/],
    ['llama.block_count', 1000, /has 1000 as llama\.block_count/],
  ])('of numbers that llama.cpp would end the process by: %s %i', async (key, value, message) => {
    const bytes = readFileSync(tinyModel());
    const name = Buffer.from(key);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(name.length));
    // Behind the key stand the number of its type, and the value.
    const at = bytes.indexOf(Buffer.concat([length, name])) + length.length + name.length + 4;
    bytes.writeUInt32LE(value, at);
    writeFileSync(file('counts.gguf'), bytes);
    await expect(load(file('counts.gguf'))).rejects.toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(message) as string,
    });
  });

  test.each([
    ['expert_used_count', { type: 'uint32', value: 3 }, /has 3 as llama\.expert_used_count, which must be from 0 to 2/],
    ['expert_count', { type: 'uint32', value: 10_000 }, /has 10000 as llama\.expert_count/],
    ['nextn_predict_layers', { type: 'uint32', value: 9 }, /has 9 as llama\.nextn_predict_layers/],
    ['rope.scaling.type', { type: 'string', value: 'dynamic' }, /scales its positions by "dynamic"/],
  ] as [string, GgufValue, RegExp][])('of a key that it does not expect: %s', async (key, value, message) => {
    const keys: Record<string, GgufValue> = {
      'general.architecture': { type: 'string', value: 'llama' },
      'llama.block_count': { type: 'uint32', value: 1 },
      'llama.expert_count': { type: 'uint32', value: 2 },
      [`llama.${key}`]: value,
    };
    writeGguf(file('keys.gguf'), keys, []);
    await expect(load(file('keys.gguf'))).rejects.toMatchObject({
      code: 'unsupported-model',
      message: expect.stringMatching(message) as string,
    });
  });

  test('an adapter', async () => {
    writeAdapter('adapter.gguf');
    await expect(load(file('adapter.gguf'))).rejects.toMatchObject({ code: 'unsupported-model' });
  });

  test('on a device that is not there', async () => {
    await expect(
      loadAddon().loadModel({ path: realModelPath(), device: 'metal', vocabularyOnly: false }),
    ).rejects.toMatchObject({
      code: 'bad-config',
      message: 'device "metal" is not available here',
    });
  });
});

const adapterKeys: Record<string, GgufValue> = {
  'general.type': { type: 'string', value: 'adapter' },
  'general.architecture': { type: 'string', value: 'llama' },
  'adapter.type': { type: 'string', value: 'lora' },
  'adapter.lora.alpha': { type: 'float32', value: 8 },
};

/** Matrices of rank 2 for one target; large enough to be noticed. */
function adapterTensors(target = 'blk.3.attn_q.weight', width = 576): GgufTensor[] {
  const values = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 0.5);
  return [
    { name: `${target}.lora_a`, shape: [width, 2], values: values(width * 2) },
    { name: `${target}.lora_b`, shape: [2, width], values: values(width * 2) },
  ];
}

function writeAdapter(name: string, keys: Partial<typeof adapterKeys> = {}, tensors = adapterTensors()): string {
  const all = Object.entries({ ...adapterKeys, ...keys }).filter((entry) => entry[1] !== undefined);
  writeGguf(file(name), Object.fromEntries(all) as Record<string, GgufValue>, tensors);
  return file(name);
}

describe('an adapter', () => {
  test('applies from the call after it was set, as often as it is switched', async () => {
    const runner = await createSmallRunner(model);
    const adapter = await model.loadAdapter(writeAdapter('good.gguf'));
    const run = async () => (await runner.generate([greedy(model, 'The capital of France is')], nothing))[0];
    const base = await run();
    runner.setAdapters([{ adapter, scale: 1 }]);
    const adapted = await run();
    expect(adapted?.logprob).not.toBe(base?.logprob);
    runner.setAdapters([]);
    expect(await run()).toEqual(base);
    runner.setAdapters([{ adapter, scale: 1 }]);
    await adapter.dispose();
    await adapter.dispose();
    expect(await run()).toEqual(adapted);
    expect(() => runner.setAdapters([{ adapter, scale: 1 }])).toThrow('the adapter is disposed');
    await runner.dispose();
  });

  test('of another model is refused', async () => {
    const other = await load(realModelPath());
    const adapter = await other.loadAdapter(writeAdapter('other-model.gguf'));
    const runner = await createSmallRunner(model);
    expect(() => runner.setAdapters([{ adapter, scale: 1 }])).toThrow('the adapter was loaded for another model');
    expect(() => runner.setAdapters([{ adapter: {} as typeof adapter, scale: 1 }])).toThrow(
      'an adapter must be one that loadAdapter gave',
    );
    await runner.dispose();
    await other.dispose();
  });

  test('of the embedding is refused where that is the output, too, and where its ranks differ', async () => {
    const tensors = (a: number[], b: number[]): GgufTensor[] =>
      [a, b].map((shape, i) => ({
        name: `token_embd.weight.lora_${'ab'.charAt(i)}`,
        shape,
        values: new Float32Array(shape.reduce((product, n) => product * n, 1)),
      }));
    const [tied, untied] = await Promise.all([true, false].map((one) => load(tinyModel({ tied: one }))));
    const { vocabularySize, embeddingLength } = (tied as NativeModel).info;
    const good = writeAdapter('embedding.gguf', {}, tensors([2, vocabularySize], [2, embeddingLength]));
    await expect(tied?.loadAdapter(good)).rejects.toMatchObject({
      code: 'adapter-mismatch',
      message: expect.stringContaining(
        'changes the embedding, which is the output matrix of this model, too',
      ) as string,
    });
    await (await untied?.loadAdapter(good))?.dispose();
    const other = writeAdapter('ranks.gguf', {}, tensors([2, vocabularySize], [4, embeddingLength]));
    await expect(untied?.loadAdapter(other)).rejects.toMatchObject({
      code: 'adapter-mismatch',
      message: expect.stringContaining('A and B of token_embd.weight have different ranks') as string,
    });
    const experts = adapterTensors('blk.0.ffn_up_exps.weight', embeddingLength);
    await expect(untied?.loadAdapter(writeAdapter('experts.gguf', {}, experts))).rejects.toMatchObject({
      code: 'adapter-mismatch',
      message: expect.stringContaining("is of a model's experts") as string,
    });
    await Promise.all([tied?.dispose(), untied?.dispose()]);
  });

  test('that does not fit is an error', async () => {
    const number: GgufValue = { type: 'uint32', value: 1 };
    const cases: [Parameters<typeof writeAdapter>, RegExp][] = [
      [['a.gguf', { 'general.type': { type: 'string', value: 'model' } }], /has "model" as general.type/],
      [
        ['b.gguf', { 'general.architecture': { type: 'string', value: 'qwen2' } }],
        /has "qwen2" as general.architecture; "llama"/,
      ],
      [['c.gguf', { 'adapter.type': number }], /has "" as adapter.type/],
      [['d.gguf', { 'adapter.lora.alpha': number }], /no 32-bit float as adapter.lora.alpha/],
      [['e.gguf', {}, adapterTensors('blk.99.attn_q.weight')], /does not exist in base model/],
      [['f.gguf', {}, adapterTensors('blk.3.attn_q.weight', 64)], /incorrect shape/],
      [['g.gguf', {}, adapterTensors().slice(1)], /missing one component/],
    ];
    for (const [[name, keys, tensors], message] of cases) {
      await expect(model.loadAdapter(writeAdapter(name, keys, tensors))).rejects.toMatchObject({
        code: 'adapter-mismatch',
        message: expect.stringMatching(message) as string,
      });
    }
    await expect(model.loadAdapter(file('none.gguf'))).rejects.toMatchObject({ code: 'model-not-found' });
  });
});
