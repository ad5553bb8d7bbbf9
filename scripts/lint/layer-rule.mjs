// ESLint rule: who may import whom under src/. One direction only: cli → pipeline → stages → engine → native; config and
// shared are leaves that any layer may use; the store is for pipeline and report only; stages know neither each other
// nor the store; native is for the engine only.
import path from 'node:path';

const leaves = ['config', 'shared'];

/** For each room the other rooms that it may import; within itself anything goes, but for stages see below. */
const mayImport = {
  shared: [],
  config: ['shared'],
  native: leaves,
  engine: ['native', ...leaves],
  stages: ['engine', ...leaves],
  store: leaves,
  pipeline: ['stages', 'engine', 'store', ...leaves],
  report: ['store', ...leaves],
  cli: ['pipeline', 'stages', 'engine', 'report', ...leaves],
  bench: ['pipeline', 'stages', 'engine', 'report', ...leaves],
};

/**
 * What is wrong with an import between two files, both relative to src/.
 *
 * @param {string} from
 * @param {string} to
 * @returns {string | undefined} undefined where nothing is wrong
 */
export function layerViolation(from, to) {
  const [fromRoom, toRoom] = [room(from), room(to)];
  if (fromRoom === undefined) return undefined; // src/index.ts re-exports whatever is public
  if (!(fromRoom in mayImport)) return `src/${fromRoom} is in no layer: add it to scripts/lint/layer-rule.mjs`;
  if (toRoom === undefined) return 'src/index.ts is for users of the package, not for its own code';
  if (fromRoom !== toRoom) {
    if (mayImport[fromRoom].includes(toRoom)) return undefined;
    return `${fromRoom} must not import ${toRoom}: it may import ${mayImport[fromRoom].join(', ') || 'nothing else'}`;
  }
  const [fromStage, toStage] = [stage(from), stage(to)];
  if (fromRoom !== 'stages' || toStage === undefined || fromStage === toStage) return undefined;
  return `the stage ${fromStage} must not import the stage ${toStage}: stages know only rows and the engine`;
}

function room(file) {
  const [first, ...rest] = file.split('/');
  return rest.length > 0 ? first : undefined;
}

/** The folder of a stage; undefined for a file that lies beside them. */
function stage(file) {
  const [, folder, ...rest] = file.split('/');
  return rest.length > 0 ? folder : undefined;
}

const sourceFolder = path.resolve(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  '..',
  '..',
  'src',
);

function relativeToSource(file) {
  const relative = path.relative(sourceFolder, file);
  return relative.startsWith('..') ? undefined : relative.replaceAll(path.sep, '/');
}

export const layerRule = {
  meta: { type: 'problem', docs: { description: 'one direction between the layers of src/' }, schema: [] },
  create(context) {
    const from = relativeToSource(context.filename);
    if (from === undefined) return {};
    function check(node) {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return;
      const to = relativeToSource(path.resolve(path.dirname(context.filename), specifier));
      const message = to === undefined ? 'src/ must not import what lies outside of it' : layerViolation(from, to);
      if (message) context.report({ node, message });
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
    };
  },
};
