// Proof for devices that are not here: every node of every graph that training makes is in the lists that llama.cpp
// publishes of what its backends compute (test/support/operator-lists.ts says how), or in the committed exceptions.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

import { operatorExceptions } from '../support/operator-exceptions.js';
import { operatorLists, type Backend, type GraphNode } from '../support/operator-lists.js';
import { testProgram } from '../support/test-program.js';

const architectures = ['llama', 'qwen2', 'qwen3', 'gemma3'];
const devices: readonly Backend[] = ['CUDA', 'Vulkan', 'Metal'];

let listed: GraphNode[] | undefined;
function allNodes(): GraphNode[] {
  const program = testProgram('list-nodes');
  listed ??= execFileSync(program, { encoding: 'utf8', maxBuffer: 1 << 28 })
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GraphNode);
  return listed;
}

const nodesOf = (backend: Backend) =>
  allNodes().filter(({ graphs }) => graphs === (backend === 'CPU' ? 'cpu' : 'portable'));
const exceptionFor = (backend: Backend, node: GraphNode) =>
  operatorExceptions.find((exception) => exception.backend === backend && exception.accepts(node));

test('the listed graphs are those of all architectures, with the operators of forward, loss and backward', () => {
  for (const graphs of ['cpu', 'portable']) {
    const nodes = allNodes().filter((node) => node.graphs === graphs);
    expect(new Set(nodes.map(({ architecture }) => architecture))).toEqual(new Set(architectures));
    const operators = new Set(nodes.map(({ op }) => op));
    for (const op of ['MUL_MAT', 'RMS_NORM', 'ROPE', 'SOFT_MAX', 'SILU', 'SWIGLU', 'CPY', 'DIV']) {
      expect(operators).toContain(op);
    }
  }
});

test.each<Backend>(['CPU', ...devices])('%s computes every node of the training graphs', (backend) => {
  const lists = operatorLists();
  const unlisted = new Map<string, string>();
  for (const node of nodesOf(backend)) {
    const reason = lists.missing(backend, node);
    if (reason === undefined || exceptionFor(backend, node)) continue;
    unlisted.set(reason, `${node.architecture} ${node.weights}: ${JSON.stringify(node)}`);
  }
  expect(Object.fromEntries(unlisted)).toEqual({});
});

test('every exception is needed, and its line says what it is cited for', () => {
  const lists = operatorLists();
  for (const exception of operatorExceptions) {
    const { backend, what, accepts, release, file, line, says } = exception;
    expect(release, what).toBe(lists.release);
    expect(lists.sourceLine(file, line), `${file}:${line}`).toContain(says);
    const needed = nodesOf(backend).some((node) => accepts(node) && lists.missing(backend, node) !== undefined);
    expect(needed, `${backend}: ${what}`).toBe(true);
  }
});

test('a denied operator, an unknown one and one over harder sources are not listed', () => {
  const { missing } = operatorLists();
  const tensor = (type: string, layout: 'contiguous' | 'rows' | 'permuted' = 'contiguous') => {
    const ne: [number, number, number, number] = [64, 32, 1, 1];
    return { type, ne, layout };
  };
  const node = (op: string, sources: GraphNode['sources']): GraphNode => {
    return { graphs: 'portable', architecture: 'llama', weights: 'f32', op, result: tensor('f32'), sources };
  };
  expect(missing('CUDA', node('SILU', [tensor('f32')]))).toBeUndefined();
  expect(missing('CUDA', node('SILU', [tensor('f32', 'rows')]))).toContain('is denied');
  expect(missing('Metal', node('ADD', [tensor('f32'), tensor('f32')]))).toBeUndefined();
  expect(missing('Metal', node('ADD', [tensor('f32'), tensor('f32', 'permuted')]))).toContain('is denied');
  expect(missing('Metal', node('MUL_MAT', [tensor('nvfp4'), tensor('f32')]))).toContain('is denied');
  expect(missing('CUDA', node('GET_ROWS', [tensor('q4_K'), tensor('i32')]))).toContain('is denied');
  expect(missing('Metal', node('OUT_PROD', [tensor('f32'), tensor('f32')]))).toContain('no row');
  expect(missing('CPU', node('OUT_OF_THIN_AIR', []))).toBe('no row "OUT_OF_THIN_AIR"');
});
