// Rules for the C++ in native/ that clang-format does not know: sizes, the direction of includes, N-API in its place,
// public headers of llama.cpp only.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const maxFileLines = 400;
const maxFunctionLines = 60;
const maxColumns = 120;

/** binding → inference, training, adapter → common; the trainer writes adapters. */
const mayInclude = {
  binding: ['inference', 'training', 'adapter', 'common'],
  inference: ['common'],
  training: ['adapter', 'common'],
  adapter: ['common'],
  common: [],
  test: ['inference', 'training', 'adapter', 'common'],
};

/** Headers of include/ and ggml/include/ in llama.cpp; anything else of it is private. */
const publicHeaders =
  /^(llama|gguf|ggml|ggml-(alloc|backend|blas|cann|cpp|cpu|cuda|metal|opencl|opt|rpc|sycl|vulkan|webgpu))\.h$/;

/**
 * @param {string} file path relative to native/, with forward slashes
 * @param {string} text
 * @returns {{ line: number, message: string }[]}
 */
export function cppViolations(file, text) {
  const lines = text.replace(/\n$/, '').split('\n');
  const violations = [];
  if (lines.length > maxFileLines) {
    violations.push({ line: maxFileLines + 1, message: `${lines.length} lines; at most ${maxFileLines}` });
  }
  lines.forEach((line, i) => {
    if ([...line].length > maxColumns) violations.push({ line: i + 1, message: `longer than ${maxColumns} columns` });
    const message = includeViolation(file, line);
    if (message) violations.push({ line: i + 1, message });
  });
  for (const { name, start, end } of functionsOf(text)) {
    const length = end - start + 1;
    if (length <= maxFunctionLines) continue;
    violations.push({ line: start, message: `${name} has ${length} lines; at most ${maxFunctionLines}` });
  }
  return violations;
}

function includeViolation(file, line) {
  const [, header] = /^\s*#\s*include\s*[<"]([^>"]+)[>"]/.exec(line) ?? [];
  if (header === undefined) return undefined;
  const folder = file.includes('/') ? file.split('/')[0] : '';
  if (header === 'napi.h' || header === 'node_api.h') {
    const allowed = folder === 'binding' || file === 'addon.cpp';
    return allowed ? undefined : `only binding/ and addon.cpp may include ${header}`;
  }
  if (/^(llama|gguf|ggml)/.test(header)) {
    return publicHeaders.test(header) ? undefined : `${header} is not a public header of llama.cpp`;
  }
  if (line.includes('<')) return undefined;
  const target = header.split('/')[0];
  if (header.includes('..') || !header.includes('/'))
    return `name ours from native/: "<folder>/${path.basename(header)}"`;
  if (file === 'addon.cpp' || target === folder) return undefined;
  if (mayInclude[folder]?.includes(target)) return undefined;
  return `${folder} must not include ${target}: it may include ${mayInclude[folder]?.join(', ') || 'nothing else'}`;
}

/**
 * Function bodies by their braces: a "{" at the scope of a namespace or class whose head has a parameter list.
 * Lambdas count as part of the function around them.
 */
function functionsOf(text) {
  const functions = [];
  const scopes = [];
  let head = '';
  let headLine = 1;
  let line = 1;
  for (const character of withoutCommentsAndStrings(text)) {
    if (character === '\n') line++;
    const insideFunction = scopes.some(({ kind }) => kind === 'function');
    if (character === '{') {
      scopes.push({ kind: insideFunction ? 'block' : kindOf(head), name: nameOf(head), start: headLine });
      head = '';
    } else if (character === '}') {
      const scope = scopes.pop();
      if (scope?.kind === 'function') functions.push({ name: scope.name, start: scope.start, end: line });
      head = '';
    } else if (character === ';') {
      head = '';
    } else {
      if (head === '' && !/\s/.test(character)) headLine = line;
      if (head !== '' || !/\s/.test(character)) head += character;
    }
  }
  return functions;
}

function kindOf(head) {
  if (/\b(namespace|class|struct|union|enum|extern)\b/.test(head.replace(/<[^>]*>/g, '')) && !head.includes('('))
    return 'scope';
  return head.includes('(') ? 'function' : 'scope';
}

function nameOf(head) {
  return /([\w:~]+)\s*\(/.exec(head.replace(/\b(if|for|while|switch|template)\b/g, ''))?.[1] ?? head.trim();
}

/** The same text, line for line, with comments, literals and preprocessor lines blanked. */
function withoutCommentsAndStrings(text) {
  const blank = (match) => match.replace(/[^\n]/g, ' ');
  const skipped =
    /R"([^(\s]*)\([\s\S]*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|\/\/[^\n]*|\/\*[\s\S]*?\*\/|^[ \t]*#(?:\\\n|[^\n])*/gm;
  return text.replace(skipped, blank);
}

/**
 * Every violation under a folder.
 *
 * @param {string} native
 * @returns {string[]} each "path:line: message"
 */
export function checkCpp(native) {
  const files = readdirSync(native, { recursive: true }).map((name) => name.replaceAll(path.sep, '/'));
  return files
    .filter((name) => /\.(h|cpp)$/.test(name))
    .sort()
    .flatMap((name) =>
      cppViolations(name, readFileSync(path.join(native, name), 'utf8')).map(
        ({ line, message }) => `native/${name}:${line}: ${message}`,
      ),
    );
}
