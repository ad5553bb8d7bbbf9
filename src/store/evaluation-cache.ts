// What models answered to the requests of evaluations, so that nothing is asked twice. A file that may be deleted at any
// time; several processes may use one.
import Database from 'libsql';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from '../shared/errors.js';
import { whyUnwritable } from '../shared/writable.js';
import { isDamaged, storeError } from './store-error.js';

export const cacheName = 'evaluations.db';

/** SQLite's user_version; another one means other keys or values. */
const cacheVersion = 1;

/** Milliseconds to wait for another process that is writing. */
const busyTimeoutMs = 10_000;

export class EvaluationCache {
  private constructor(
    readonly file: string,
    private readonly connection: InstanceType<typeof Database>,
  ) {}

  /** Opens the cache in `folder`, or creates it; a damaged one is replaced. Throws `not-enough-disk`, `run-changed` where another
   *  version of isheep made it, and `bad-input` where nothing can be kept there. */
  static open(folder: string): EvaluationCache {
    const why = whyUnwritable(folder, 'folder');
    if (why !== undefined) {
      throw new IsheepError('bad-input', `answers cannot be remembered in ${folder}: ${why}`, {
        hint: 'XDG_CACHE_HOME names another folder for caches on Linux; elsewhere it is in the home folder',
      });
    }
    const file = path.join(folder, cacheName);
    return withErrors(file, () => {
      mkdirSync(folder, { recursive: true });
      try {
        return EvaluationCache.#openFile(file);
      } catch (error) {
        if (!isDamaged(error)) throw error;
        for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
        return EvaluationCache.#openFile(file);
      }
    });
  }

  static #openFile(file: string): EvaluationCache {
    const connection = new Database(file);
    try {
      connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
      connection.pragma('journal_mode = WAL');
      // Every answer is a commit of its own. A loss of power may take the last ones; the file stays whole.
      connection.pragma('synchronous = NORMAL');
      prepare(connection, file);
      return new EvaluationCache(file, connection);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Values by key; a key that is not known is not among them. */
  get(keys: readonly string[]): Map<string, unknown> {
    return withErrors(this.file, () => {
      const select = this.connection.prepare('SELECT value FROM answers WHERE key = ?');
      const found = new Map<string, unknown>();
      for (const key of keys) {
        const row = select.get([key]) as { value: string } | undefined;
        if (row !== undefined) found.set(key, fromText(row.value));
      }
      return found;
    });
  }

  /** All of them, or none. */
  put(answers: ReadonlyMap<string, unknown>): void {
    withErrors(this.file, () => {
      this.connection.exec('BEGIN IMMEDIATE');
      try {
        const insert = this.connection.prepare('INSERT OR REPLACE INTO answers VALUES (?, ?)');
        for (const [key, value] of answers) insert.run([key, toText(value)]);
        this.connection.exec('COMMIT');
      } catch (error) {
        if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
        throw error;
      }
    });
  }

  close(): void {
    if (this.connection.open) this.connection.close();
  }
}

function prepare(connection: InstanceType<typeof Database>, file: string): void {
  const version = () => (connection.pragma('user_version') as { user_version: number }[])[0]?.user_version ?? 0;
  if (version() === 0) {
    connection.exec(
      `BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
       PRAGMA user_version = ${cacheVersion}; COMMIT;`,
    );
  }
  if (version() === cacheVersion) return;
  throw new IsheepError('run-changed', `${file} was made by another version of isheep`, {
    hint: 'delete it; what it holds is computed again',
  });
}

/** JSON, in which a log-probability may be -Infinity, or NaN where an endpoint does not tell it. */
function toText(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'number' && !Number.isFinite(one) ? { number: String(one) } : one,
  );
}

function fromText(text: string): unknown {
  return JSON.parse(text, (_, one: unknown) => {
    const isNumber = typeof one === 'object' && one !== null && Object.keys(one).join() === 'number';
    return isNumber ? Number((one as { number: unknown }).number) : one;
  });
}

function withErrors<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isDamaged(error)) throw storeError(error, file);
    throw new IsheepError('corrupt-run', `${file} is damaged`, {
      hint: 'delete it; what it holds is computed again',
      cause: error,
    });
  }
}
