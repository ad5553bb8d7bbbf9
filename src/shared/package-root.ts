// The package's own folder: what lies beside the code (the built addon, models/) is found from here.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** This file is src/shared/… in a clone's tests and dist/shared/… otherwise; both lie two folders below. */
export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Whether this is a clone of the repository: a published package has files of src/, but does not build them. */
export const isClone = existsSync(path.join(packageRoot, 'src', 'tsconfig.json'));
