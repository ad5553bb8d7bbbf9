// Runs TypeScript in a child process as it stands, for tests that kill a process: node --import <this file> script.ts
// What was compiled once is kept under build/, by the hash of its source.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const cache = path.join(import.meta.dirname, '..', '..', 'build', 'transpiled');

if (isMainThread) register(import.meta.url);

/** An import that ends in .js is its .ts file where there is one. */
export async function resolve(specifier, context, next) {
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  return { format: 'module', source: await compile(readFileSync(fileURLToPath(url), 'utf8')), shortCircuit: true };
}

async function compile(source) {
  const file = path.join(cache, `${createHash('sha256').update(source).digest('hex')}.mjs`);
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const { default: typescript } = await import('typescript');
  const compilerOptions = {
    target: typescript.ScriptTarget.ES2022,
    module: typescript.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  const { outputText } = typescript.transpileModule(source, { compilerOptions });
  mkdirSync(cache, { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, outputText);
  renameSync(temporary, file);
  return outputText;
}
