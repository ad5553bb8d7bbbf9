// One temporary folder for a whole run of tests, which goes with it: a test that fails and a worker that is ended leave
// nothing behind.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-tests-'));
  chmodSync(folder, 0o755); // the sandbox's programs are other users
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
