// llama.cpp's lists of what each backend computes (docs/ops/<backend>.csv in the source bundle), and how a node of a graph
// is found in them.
//
// A row of a list is one case of llama.cpp's own operator tests: operator, types, shapes, and a few qualities that make a
// case harder for a backend: sources that are views with gaps or permuted, a source that is repeated along a dimension, a
// mask, factors. A node is listed where some supported row has its operator and types and is at least as hard in every
// quality, and no denied row is at most as hard. Sizes are not compared: the lists hold a few of each, and what a device
// refuses for its size alone, the trainer finds when it is created, since it tries a step.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { pinnedLlamaCpp } from '../../scripts/native/llama-cpp.mjs';
import { temporaryFolder } from './temporary-folder.js';

export type Backend = 'CPU' | 'CUDA' | 'Vulkan' | 'Metal';

/** A tensor as native/test/list-nodes.cpp prints it. */
interface Tensor {
  type: string;
  ne: [number, number, number, number];
  /** rows: with gaps or another order between rows; permuted: within rows, too. */
  layout: 'contiguous' | 'rows' | 'permuted';
}

export interface GraphNode {
  graphs: 'cpu' | 'portable';
  architecture: string;
  weights: string;
  op: string;
  result: Tensor;
  sources: Tensor[];
  /** Of RoPE. */
  mode?: number;
}

/** What decides whether a backend computes a case: what must be the same, and qualities of which more is harder. */
interface Case {
  key: string;
  hardness: number[];
}

interface Row extends Case {
  supported: boolean;
}

export interface OperatorLists {
  release: string;
  /** Why the node is not listed as supported; undefined where it is. */
  missing: (backend: Backend, node: GraphNode) => string | undefined;
  /** A line of a source file of the bundle, counted from 1. */
  sourceLine: (file: string, line: number) => string;
}

export function operatorLists(): OperatorLists {
  const { bundle, release } = pinnedLlamaCpp(path.resolve(import.meta.dirname, '..', '..'));
  const clone = path.join(temporaryFolder(), 'llama.cpp');
  const git = (...parameters: string[]) =>
    execFileSync('git', parameters, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
  git('clone', '--quiet', '--no-checkout', bundle, clone);
  const read = remembered((file) => git('-C', clone, 'show', `HEAD:${file}`));
  const rows = remembered((backend) => parseList(read(`docs/ops/${backend}.csv`)));
  return {
    release,
    missing: (backend, node) => missing(rows(backend), node),
    sourceLine: (file, line) => read(file).split('\n')[line - 1] ?? '',
  };
}

function remembered<Value>(make: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    if (!known.has(key)) known.set(key, make(key));
    return known.get(key) as Value;
  };
}

function missing(rows: Map<string, Row[]>, node: GraphNode): string | undefined {
  const { key, hardness } = caseOfNode(node);
  const same = rows.get(key) ?? [];
  if (same.length === 0) return `no row "${key}"`;
  const denied = same.some((row) => !row.supported && atMost(row.hardness, hardness));
  if (denied) return `a row "${key}" that is no harder than [${hardness.join(' ')}] is denied`;
  const listed = same.some((row) => row.supported && atMost(hardness, row.hardness));
  return listed ? undefined : `no supported row "${key}" is as hard as [${hardness.join(' ')}]`;
}

const atMost = (a: number[], b: number[]) => a.every((value, i) => value <= (b[i] ?? 0));

function parseList(text: string): Map<string, Row[]> {
  const rows = new Map<string, Row[]>();
  for (const line of text.trim().split('\n').slice(1)) {
    const [, op = '', parameters = '', mode, supported] = line.slice(1, -1).split('","');
    const found = mode === 'support' ? caseOfRow(op, parametersOf(parameters)) : undefined;
    if (!found) continue;
    const same = rows.get(found.key) ?? [];
    same.push({ ...found, supported: supported === '1' });
    rows.set(found.key, same);
  }
  return rows;
}

/** "type=f32,ne=[1,2],v=1" as pairs; a word without a value ("split") is its own. */
function parametersOf(text: string): Map<string, string> {
  const parts = text.match(/\w+(=(\[[^\]]*\]|[^,]*))?/g) ?? [];
  return new Map(parts.map((part) => [part.replace(/=.*/, ''), part.replace(/^\w+=?/, '')]));
}

const binary = ['ADD', 'SUB', 'MUL', 'DIV'];
const unary = ['SILU', 'GELU', 'GELU_ERF', 'GELU_QUICK', 'SIGMOID', 'TANH', 'EXP', 'NEG', 'SQR', 'SQRT', 'SCALE'];
const gated = ['SWIGLU', 'GEGLU', 'REGLU'];
const copies = ['CPY', 'CONT'];
const flag = (condition: boolean) => (condition ? 1 : 0);

function caseOfRow(op: string, parameters: Map<string, string>): Case | undefined {
  const text = (name: string) => parameters.get(name) ?? '';
  const list = (name: string) => text(name).slice(1, -1).split(',').map(Number);
  const on = (name: string) => flag(text(name) === '1');
  const repeated = () => list('nr').map((times) => flag(times > 1));
  const type = text('type');
  if (binary.includes(op)) {
    const permuted = on('perm1') * flag((list('ne')[0] ?? 1) > 1); // rows of one number lie as if nothing were permuted
    return { key: `${op} ${type}`, hardness: [2 * permuted, ...repeated()] };
  }
  if (unary.includes(op) || op === 'RMS_NORM') return { key: `${op} ${type}`, hardness: [on('v')] };
  if (gated.includes(op))
    return { key: `${op} ${type}${parameters.has('split') ? ' split' : ''}`, hardness: [on('v')] };
  if (op === 'ROPE') return { key: `ROPE ${type} ${text('mode')}`, hardness: [on('v'), on('ff')] };
  if (op === 'SOFT_MAX') {
    const [again = 1] = list('nr23');
    return { key: `SOFT_MAX ${type} mask=${text('mask')} ${text('m_prec')}`, hardness: [flag(again > 1)] };
  }
  if (op === 'MUL_MAT') {
    const rows = flag(text('per') !== '[0,1,2,3]' || Number(text('k_v')) > 0);
    return { key: `MUL_MAT ${text('type_a')} ${text('type_b')}`, hardness: [rows, rows, ...repeated()] };
  }
  if (op === 'GET_ROWS') return { key: `GET_ROWS ${type}`, hardness: [on('v')] };
  if (op === 'FLASH_ATTN_EXT') {
    const key = `FLASH_ATTN_EXT ${text('type_K')} ${text('type_V')} mask=${text('mask')}`;
    return { key, hardness: [flag(text('permute') !== '[0,1,2,3]'), flag((list('nr23')[0] ?? 1) > 1)] };
  }
  // Every backend computes CONT by the code of CPY; the list of CONT has no permuted source.
  if (op === 'CONT') return { key: `CPY ${type} ${type}`, hardness: [on('use_view_slice'), 0] };
  if (op === 'CPY') {
    const source = Math.max(orderOf(list('permute_src')), 2 * on('_src_transpose'));
    return { key: `CPY ${text('type_src')} ${text('type_dst')}`, hardness: [source, orderOf(list('permute_dst'))] };
  }
  return undefined; // an operator that no graph of ours has
}

/** How hard a permutation makes a source: 2 where the numbers of a row are no neighbours any more, 1 where rows are not. */
function orderOf(permutation: number[]): number {
  if (permutation.every((dimension) => dimension === 0)) return 0; // how the lists write "none"
  return permutation[0] === 0 ? 1 : 2;
}

function caseOfNode({ op, sources, result, mode }: GraphNode): Case {
  const [a, b, c] = sources;
  const level = (t: Tensor | undefined) => ['contiguous', 'rows', 'permuted'].indexOf(t?.layout ?? 'contiguous');
  const repeated = (small: Tensor | undefined, large: Tensor | undefined) =>
    [0, 1, 2, 3].map((i) => flag((small?.ne[i] ?? 1) < (large?.ne[i] ?? 1)));
  if (binary.includes(op)) {
    return { key: `${op} ${result.type}`, hardness: [Math.max(level(a), level(b)), ...repeated(b, a)] };
  }
  if (unary.includes(op) || op === 'RMS_NORM') return { key: `${op} ${result.type}`, hardness: [level(a)] };
  if (gated.includes(op)) return { key: `${op} ${result.type}${b ? ' split' : ''}`, hardness: [level(a)] };
  if (op === 'ROPE') return { key: `ROPE ${result.type} ${mode}`, hardness: [level(a), flag(c !== undefined)] };
  if (op === 'SOFT_MAX') {
    return { key: `SOFT_MAX ${result.type} mask=${flag(!!b)} ${b?.type ?? 'f32'}`, hardness: [repeated(b, a)[2] ?? 0] };
  }
  if (op === 'MUL_MAT') {
    return { key: `MUL_MAT ${a?.type} ${b?.type}`, hardness: [level(a), level(b), ...repeated(a, b).slice(2)] };
  }
  if (op === 'FLASH_ATTN_EXT') {
    const key = `FLASH_ATTN_EXT ${b?.type} ${c?.type} mask=${flag(sources.length > 3)}`;
    return { key, hardness: [Math.max(level(a), level(b), level(c)), repeated(b, a)[2] ?? 0] };
  }
  if (op === 'GET_ROWS') return { key: `GET_ROWS ${a?.type}`, hardness: [level(a)] };
  if (copies.includes(op)) return { key: `CPY ${a?.type} ${result.type}`, hardness: [level(a), level(result)] };
  return { key: `${op} ${sources.map(({ type }) => type).join(' ')}`.trim(), hardness: [level(a)] };
}
