// Whether something can be written where a person wants it: asked before the work, since that may take hours.
import { accessSync, constants, realpathSync, statSync, type Stats } from 'node:fs';
import path from 'node:path';

import { IsheepError } from './errors.js';

/** Why no file, or no folder, can be made or replaced at `target`; undefined where it can. Folders on the way are made. */
export function whyUnwritable(target: string, as: 'file' | 'folder'): string | undefined {
  const place = placeOf(target);
  const found = statsOf(place);
  if (as === 'file' && found?.isDirectory()) return 'it is a folder, not a file';
  if (as === 'file' && found && !found.isFile()) return 'it is a device or a pipe, not a file';
  if (as === 'folder' && found && !found.isDirectory()) return 'it is a file, not a folder';
  // A file is written beside its place and moved there, so that it is its folder which has to let it in.
  return found && as === 'folder' ? whyClosed(place) : whyClosed(nearestThere(path.dirname(place)));
}

/** Throws `bad-input` that says why `file` cannot be written. */
export function refuseUnwritable(file: string): void {
  const why = whyUnwritable(file, 'file');
  if (why !== undefined) throw new IsheepError('bad-input', `cannot write ${file}: ${why}`, { hint: 'check the path' });
}

/** Throws `bad-config` where writing `file` would replace a model, under whatever name: a base is never changed. */
export function refuseReplacing(file: string, model: string): void {
  if (!isSameFile(file, model)) return;
  throw new IsheepError('bad-config', `${file} is the model itself, which would be replaced`, {
    hint: 'give another file for what is written',
  });
}

/** Whether both are there, and one file, under whatever names. */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statsOf(one), statsOf(other)];
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino;
}

/** Where `target` leads: what a link points to is replaced, and the link stays. */
export function placeOf(target: string): string {
  return statsOf(target) ? realpathSync(target) : path.resolve(target);
}

/** The folder itself, or the first above it that there is. */
function nearestThere(folder: string): string {
  const above = path.dirname(folder);
  return statsOf(folder) || above === folder ? folder : nearestThere(above);
}

function whyClosed(folder: string): string | undefined {
  if (statsOf(folder)?.isDirectory() === false) return `${folder} is a file, not a folder`;
  try {
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch {
    return `nothing may be written in ${folder}`;
  }
}

/** undefined where there is nothing, or a file where the path goes on. */
function statsOf(place: string): Stats | undefined {
  try {
    return statSync(place);
  } catch {
    return undefined;
  }
}
