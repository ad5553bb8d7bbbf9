// One temporary folder for a whole run of tests, which goes with it: a test that fails and a worker that is ended leave
// nothing behind.
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'isheep-tests-'));
  chmodSync(folder, 0o755); // the sandbox's programs are other users
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  // In memory where the system has such a folder: a run syncs every chunk, and a test need not wait for a disk.
  const quick = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/isheep-tests-') : folder;
  process.env.ISHEEP_TESTS_QUICK = quick;
  return () => {
    for (const one of [folder, quick]) rmSync(one, { recursive: true, force: true });
  };
}
