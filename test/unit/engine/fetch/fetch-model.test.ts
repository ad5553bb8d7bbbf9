import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

import { fetchModel } from '../../../../src/engine/fetch/fetch-model.js';
import type { KnownModel, ModelSource } from '../../../../src/engine/known-models.js';
import { closedAddress, fileServer } from '../../../support/file-server.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const content = randomBytes(300_000);

function model(sources: ModelSource[], of: Buffer = content): KnownModel {
  const [first, ...rest] = sources as [ModelSource, ...ModelSource[]];
  return {
    name: 'tiny',
    description: '',
    architecture: 'llama',
    file: 'tiny.gguf',
    bytes: of.length,
    sha256: createHash('sha256').update(of).digest('hex'),
    license: 'MIT',
    sources: [first, ...rest],
  };
}

const url = (address: string): ModelSource => ({ kind: 'url', url: address });

describe('fetchModel from a URL', () => {
  test('puts the file in its place, with its sha256 beside it, and tells the progress', async () => {
    const folder = temporaryFolder();
    const server = await fileServer({ content, etag: '"1"' });
    const progress: number[] = [];
    const result = await fetchModel(model([url(server.url)]), {
      folder,
      onProgress: ({ bytes }) => progress.push(bytes),
    });
    expect(result).toEqual({ path: path.join(folder, 'tiny.gguf'), bytes: 300_000, source: new URL(server.url).host });
    expect(readFileSync(result.path).equals(content)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(['tiny.gguf', 'tiny.gguf.sha256']);
    expect([progress[0], progress.at(-1)]).toEqual([0, 300_000]);
  });

  test('follows redirects', async () => {
    const server = await fileServer({ content });
    await fetchModel(model([url(server.url.replace('model.gguf', 'moved'))]), { folder: temporaryFolder() });
    expect(server.requests).toEqual(['GET /moved', 'GET /model.gguf']);
  });

  test('continues a connection that broke, from the byte where it broke', async () => {
    const folder = temporaryFolder();
    const server = await fileServer({ content, etag: '"1"', faults: [{ cutAfter: 100_000 }] });
    const { path: file } = await fetchModel(model([url(server.url)]), { folder });
    expect(server.requests).toEqual(['GET /model.gguf', 'GET /model.gguf bytes=100000-']);
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  test('starts over when the server has another file than the part came from', async () => {
    const folder = temporaryFolder();
    const other = randomBytes(300_000);
    const server = await fileServer({ content: other, etag: '"old"', faults: [{ cutAfter: 100_000 }] });
    const controller = new AbortController();
    const first = fetchModel(model([url(server.url)]), {
      folder,
      signal: controller.signal,
      onProgress: ({ bytes }) => bytes >= 100_000 && controller.abort(),
    });
    await expect(first).rejects.toMatchObject({
      code: 'interrupted',
      message: 'fetching tiny was interrupted',
      hint: 'the same command continues where it stopped',
    });
    expect(readdirSync(folder).sort()).toEqual(['tiny.gguf.part', 'tiny.gguf.part.json']);
    server.behavior = { content, etag: '"new"' };
    await fetchModel(model([url(server.url)]), { folder });
    expect(server.requests.at(-1)).toMatch(/bytes=\d+-$/);
    expect(readFileSync(path.join(folder, 'tiny.gguf')).equals(content)).toBe(true);
  });

  test('takes over what a killed process left', async () => {
    const folder = temporaryFolder();
    const server = await fileServer({ content, etag: '"1"' });
    const left = path.join(folder, 'tiny.gguf.999999999-0.part');
    writeFileSync(left, content.subarray(0, 50_000));
    writeFileSync(`${left}.json`, JSON.stringify({ url: server.url, etag: '"1"' }));
    await fetchModel(model([url(server.url)]), { folder });
    expect(server.requests).toEqual(['GET /model.gguf bytes=50000-']);
    expect(readdirSync(folder).sort()).toEqual(['tiny.gguf', 'tiny.gguf.sha256']);
  });

  test('a part with wrong bytes is not trusted: the file is fetched once more from the start', async () => {
    const folder = temporaryFolder();
    const server = await fileServer({ content, etag: '"1"' });
    writeFileSync(path.join(folder, 'tiny.gguf.part'), randomBytes(50_000));
    writeFileSync(path.join(folder, 'tiny.gguf.part.json'), JSON.stringify({ url: server.url, etag: '"1"' }));
    const { path: file } = await fetchModel(model([url(server.url)]), { folder });
    expect(server.requests).toEqual(['GET /model.gguf bytes=50000-', 'GET /model.gguf']);
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  test('asks again after a server error, and gives up after the third', async () => {
    const server = await fileServer({ content, faults: [{ status: 503 }, { status: 500 }] });
    await fetchModel(model([url(server.url)]), { folder: temporaryFolder() });
    expect(server.requests).toHaveLength(3);
    server.behavior = { content, faults: [{ status: 503 }, { status: 503 }, { status: 503 }] };
    await expect(fetchModel(model([url(server.url)]), { folder: temporaryFolder() })).rejects.toThrow(
      `tiny could not be fetched: ${new URL(server.url).host}: HTTP 503 Service Unavailable`,
    );
  });
});

test('a proxy is taken from the environment', async () => {
  const server = await fileServer({ content });
  const proxied: string[] = [];
  const proxy = createServer().on('connect', (request: IncomingMessage, client: Socket) => {
    proxied.push(request.url ?? '');
    const upstream = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    proxy.closeAllConnections();
    proxy.close();
  });
  const behindProxy = 'http://weights.invalid/model.gguf';
  await fetchModel(model([url(behindProxy)]), { folder: temporaryFolder() });
  expect(proxied).toEqual(['weights.invalid:80']);
  expect(server.requests).toEqual(['GET /model.gguf']);
});

describe('what is not the file', () => {
  test('a wrong sha256 is an error and leaves nothing behind', async () => {
    const folder = temporaryFolder();
    const wrong = randomBytes(300_000);
    const server = await fileServer({ content: wrong });
    const is = createHash('sha256').update(wrong).digest('hex');
    const wanted = model([url(server.url)]);
    await expect(fetchModel(wanted, { folder })).rejects.toMatchObject({
      code: 'checksum-mismatch',
      message:
        `no source has the file that tiny names: ${new URL(server.url).host}: ` +
        `its file has the sha256 ${is} instead of ${wanted.sha256}`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['shorter', 299_999, true, 'has 299999 bytes instead of 300000'],
    ['longer', 300_001, true, 'has 300001 bytes instead of 300000'],
    ['longer without saying so', 300_001, false, 'has more than 300000 bytes'],
  ])('a %s file is refused', async (_, bytes, says, reason) => {
    const folder = temporaryFolder();
    const server = await fileServer({ content: randomBytes(bytes), withoutLength: !says });
    const fetching = fetchModel(model([url(server.url)]), { folder });
    await expect(fetching).rejects.toThrow(`${new URL(server.url).host}: ${reason}`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('the next source is tried, and a note says why', async () => {
    const folder = temporaryFolder();
    const gone = await fileServer({ content, faults: [{ status: 404 }] });
    const good = await fileServer({ content });
    const notes: string[] = [];
    const result = await fetchModel(model([url(gone.url), url(good.url)]), {
      folder,
      onNote: (note) => notes.push(note),
    });
    expect(result.source).toBe(new URL(good.url).host);
    expect(notes).toEqual([`${new URL(gone.url).host}: HTTP 404 Not Found`]);
  });

  test('without any source, each is listed with its reason', async () => {
    const [a, b] = [await closedAddress(), await closedAddress()];
    const wanted = model([url(`http://${a}/a`), url(`http://${b}/b`)]);
    const folder = temporaryFolder();
    await expect(fetchModel(wanted, { folder })).rejects.toMatchObject({
      code: 'no-network',
      message: `tiny could not be fetched: ${a}: connect ECONNREFUSED ${a}; ${b}: connect ECONNREFUSED ${b}`,
      hint: `check the network and the proxy settings, or put the file at ${path.join(folder, 'tiny.gguf')}`,
    });
  });
});

describe('a file that is here already', () => {
  test('is not fetched again, and is hashed the first time only', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'tiny.gguf');
    const time = new Date('2026-01-01'); // before the mark, whatever the clock's resolution
    writeFileSync(file, content);
    utimesSync(file, time, time);
    const wanted = model([url(`http://${await closedAddress()}/`)]);
    const result = await fetchModel(wanted, { folder });
    expect(result).toEqual({ path: file, bytes: 300_000, source: null });
    // Other bytes under the same time: seen only when asked to look.
    writeFileSync(file, randomBytes(300_000));
    utimesSync(file, time, time);
    await expect(fetchModel(wanted, { folder })).resolves.toMatchObject({ source: null });
    await expect(fetchModel(wanted, { folder, verify: true })).rejects.toMatchObject({ code: 'no-network' });
  });

  test('is replaced where its bytes are wrong', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder, 'tiny.gguf');
    writeFileSync(file, 'something else');
    const server = await fileServer({ content });
    const notes: string[] = [];
    await fetchModel(model([url(server.url)]), { folder, onNote: (note) => notes.push(note) });
    expect(notes).toEqual([`${file} is not the file that tiny names (another size or sha256); it will be replaced`]);
    expect(readFileSync(file).equals(content)).toBe(true);
  });

  test('--offline never asks the network', async () => {
    const folder = temporaryFolder();
    const server = await fileServer({ content });
    await expect(fetchModel(model([url(server.url)]), { folder, offline: true })).rejects.toMatchObject({
      code: 'no-network',
      message: 'tiny is not on this machine, and --offline forbids to fetch it',
    });
    expect(server.requests).toEqual([]);
  });
});

test('a model larger than the disk is refused before anything is fetched', async () => {
  const server = await fileServer({ content });
  const huge = { ...model([url(server.url)]), bytes: 1e18 };
  await expect(fetchModel(huge, { folder: temporaryFolder() })).rejects.toMatchObject({ code: 'not-enough-disk' });
  expect(server.requests).toEqual([]);
});

test('two fetches at the same time both end with the right file', async () => {
  const folder = temporaryFolder();
  const server = await fileServer({ content, etag: '"1"', faults: [{ cutAfter: 1000 }, { cutAfter: 2000 }] });
  const wanted = model([url(server.url)]);
  const results = await Promise.all([fetchModel(wanted, { folder }), fetchModel(wanted, { folder })]);
  for (const result of results) expect(readFileSync(result.path).equals(content)).toBe(true);
});

test('a folder that cannot be made is named, with the way to another', async () => {
  const file = path.join(temporaryFolder(), 'a-file');
  writeFileSync(file, '');
  const folder = path.join(file, 'models');
  await expect(fetchModel(model([url('http://127.0.0.1/')]), { folder })).rejects.toMatchObject({
    code: 'bad-config',
    message: expect.stringContaining(`files cannot be written to ${folder}: `) as string,
    hint: 'set ISHEEP_MODELS_DIR (of models) or ISHEEP_BENCHMARKS_DIR (of benchmarks) to a folder of yours',
  });
});
