// The package as other programs import it, by its name: what docs/library.md shows compiles, and its first example runs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '..', '..');
/** Within the package, whose own name leads to what users get: dist/, by package.json. */
const folder = path.join(root, 'build', `library-${process.pid}`);

const examples = [...readFileSync(path.join(root, 'docs/library.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
  ([, code = ''], i) => ({ code, file: path.join(folder, `example-${i + 1}.mts`) }),
);

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const { code, file } of examples) writeFileSync(file, code);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('docs/library.md', () => {
  test('has examples that compile in strict TypeScript against the declarations of the package', () => {
    const options = {
      ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
      ...{ target: ts.ScriptTarget.ES2022, strict: true, exactOptionalPropertyTypes: true, noEmit: true },
      ...{ types: ['node'], skipLibCheck: true },
    };
    const program = ts.createProgram(
      examples.map(({ file }) => file),
      options,
    );
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
      return `${path.basename(file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    expect(examples.length).toBe(4);
    expect(problems).toEqual([]);
  });

  test('has a first example that writes and scores', () => {
    const [{ code, file } = { code: '', file: '' }] = examples;
    // One thread, since other tests run beside it.
    const { outputText } = ts.transpileModule(code.replace('loadModel({ ', 'loadModel({ threads: 1, '), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const program = file.replace('.mts', '.mjs');
    writeFileSync(program, outputText);
    const { status, stdout, stderr } = spawnSync(process.execPath, [program], { cwd: folder, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^birds \S.*^sky \S.*^-\d+\.\d+ \d+$/ms);
  });
});
