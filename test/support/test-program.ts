// Programs that `node scripts/build-native.mjs --tests` builds from native/test/.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');

/** Path of a built test program; builds them all where it is missing. */
export function testProgram(name: string): string {
  const file = path.join(root, 'build', 'native', 'tests', process.platform === 'win32' ? `${name}.exe` : name);
  if (!existsSync(file)) {
    execFileSync(process.execPath, [path.join(root, 'scripts', 'build-native.mjs'), '--tests'], {
      cwd: root,
      stdio: 'inherit',
    });
  }
  return file;
}
