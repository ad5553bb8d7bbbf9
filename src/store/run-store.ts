// The database of one run. A chunk and all its rows are committed in one transaction, synced to the disk, or not at all.
// Knows neither stages nor what rows mean; src/pipeline reads and writes them.
import Database from 'libsql';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

import { IsheepError } from '../shared/errors.js';
import { createTables, storeVersion } from './schema.js';
import { corruptRun, isBusy, storeError } from './store-error.js';

export const databaseName = 'run.db';

/** Milliseconds that a reader waits while another process holds the file for a moment. */
const busyTimeoutMs = 5000;

export interface StoredRow {
  kind: string;
  id: string;
  data: unknown;
}

export interface StoredChunk {
  iteration: number;
  stage: string;
  chunk: number;
  seconds: number;
  /** What is known of the chunk as a whole, JSON. */
  info: unknown;
  rows: readonly StoredRow[];
}

export interface FinishedStage {
  /** Chunks included. */
  seconds: number;
  result: unknown;
}

type Connection = InstanceType<typeof Database>;

export class RunStore {
  private constructor(
    readonly file: string,
    private readonly connection: Connection,
    private readonly isWriter: boolean,
  ) {}

  /** Opens the run's database, or creates it. Throws `corrupt-run`, `run-changed` (other version) or `not-enough-disk`. */
  static open(runDir: string): RunStore {
    const file = path.join(runDir, databaseName);
    return withStoreErrors(file, () => {
      mkdirSync(runDir, { recursive: true });
      return new RunStore(file, connectToWrite(file), true);
    });
  }

  /** Opens a run that exists, to read it; a process may be writing it. Throws `bad-input` where there is none. */
  static openExisting(runDir: string): RunStore {
    const file = path.join(runDir, databaseName);
    if (!existsSync(file)) {
      throw new IsheepError('bad-input', `no run in ${runDir}: it has no ${databaseName}`, {
        hint: `isheep run --run ${runDir} starts one`,
      });
    }
    if (statSync(file).size === 0) throw corruptRun(file, 'the file is empty');
    return withStoreErrors(file, () => new RunStore(file, connect(file), false));
  }

  /** The last to write leaves one file: libsql lets go of the write-ahead log only once its statements are collected. */
  close(): void {
    if (!this.connection.open) return;
    try {
      if (this.isWriter) {
        this.connection.pragma('busy_timeout = 0');
        this.connection.pragma('journal_mode = DELETE');
      }
    } catch (error) {
      // A reader has the file open at this moment; the log then stays beside it, as after a kill.
      if (!isBusy(error)) throw storeError(error, this.file);
    } finally {
      this.connection.close();
    }
  }

  /** A value of the run itself, such as its configuration; undefined where it was never set. */
  value(key: string): unknown {
    return this.one('SELECT value AS json FROM run WHERE key = ?', [key]);
  }

  setValue(key: string, value: unknown): void {
    this.transaction(() => this.run('INSERT OR REPLACE INTO run VALUES (?, ?)', [key, JSON.stringify(value)]));
  }

  /** What wrote the data of `iteration`; undefined where the iteration has not started. */
  iterationModel(iteration: number): unknown {
    return this.one('SELECT model AS json FROM iterations WHERE iteration = ?', [iteration]);
  }

  startIteration(iteration: number, model: unknown): void {
    this.transaction(() =>
      this.run('INSERT OR REPLACE INTO iterations VALUES (?, ?)', [iteration, JSON.stringify(model)]),
    );
  }

  /** Commits a chunk whole. A chunk of the same number is replaced. */
  commitChunk({ iteration, stage, chunk, seconds, info, rows }: StoredChunk): void {
    this.transaction(() => {
      this.run('DELETE FROM rows WHERE iteration = ? AND stage = ? AND chunk = ?', [iteration, stage, chunk]);
      this.run('INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?)', [
        iteration,
        stage,
        chunk,
        seconds,
        JSON.stringify(info),
      ]);
      const insert = this.connection.prepare('INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)');
      const positions = new Map<string, number>();
      for (const { kind, id, data } of rows) {
        const position = positions.get(kind) ?? 0;
        positions.set(kind, position + 1);
        insert.run([iteration, stage, kind, chunk, position, id, JSON.stringify(data)]);
      }
    });
  }

  /** Commits one row by itself; the row of the same kind and chunk is replaced. For rows that come one by one. */
  commitRow(iteration: number, stage: string, chunk: number, row: StoredRow): void {
    this.transaction(() =>
      this.run('INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, 0, ?, ?)', [
        iteration,
        stage,
        row.kind,
        chunk,
        row.id,
        JSON.stringify(row.data),
      ]),
    );
  }

  /** Marks a stage as finished; from then on its rows stay as they are. */
  finishStage(iteration: number, stage: string, seconds: number, result: unknown): void {
    this.transaction(() =>
      this.run('INSERT OR REPLACE INTO stages VALUES (?, ?, ?, ?)', [
        iteration,
        stage,
        seconds,
        JSON.stringify(result),
      ]),
    );
  }

  /** Takes back that a stage is finished, and its chunks and rows. */
  dropStage(iteration: number, stage: string): void {
    this.transaction(() => {
      for (const table of ['stages', 'chunks', 'rows']) {
        this.run(`DELETE FROM ${table} WHERE iteration = ? AND stage = ?`, [iteration, stage]);
      }
    });
  }

  /** Takes over a finished stage of another run, its chunks and rows, in the place of what there is of it here. */
  copyStage(from: RunStore, iteration: number, stage: string): void {
    this.run('ATTACH DATABASE ? AS other', [from.file]);
    try {
      this.transaction(() => {
        for (const table of ['chunks', 'rows', 'stages']) {
          const which = 'WHERE iteration = ? AND stage = ?';
          this.run(`DELETE FROM main.${table} ${which}`, [iteration, stage]);
          this.run(`INSERT INTO main.${table} SELECT * FROM other.${table} ${which}`, [iteration, stage]);
        }
      });
    } finally {
      this.connection.exec('DETACH DATABASE other');
    }
  }

  /** A finished stage, or undefined. */
  finishedStage(iteration: number, stage: string): FinishedStage | undefined {
    const [row] = this.all<{ seconds: number; json: string }>(
      'SELECT seconds, result AS json FROM stages WHERE iteration = ? AND stage = ?',
      [iteration, stage],
    );
    if (row === undefined) return undefined;
    return { seconds: row.seconds + this.chunkSeconds(iteration, stage), result: this.parse(row.json) };
  }

  /** Committed chunks of a stage, as the information that was committed with each, in order. */
  chunkInfos(iteration: number, stage: string): unknown[] {
    const rows = this.all<{ chunk: number; json: string }>(
      'SELECT chunk, info AS json FROM chunks WHERE iteration = ? AND stage = ? ORDER BY chunk',
      [iteration, stage],
    );
    rows.forEach((row, index) => {
      if (row.chunk !== index)
        throw corruptRun(this.file, `chunk ${index} of ${stage}, iteration ${iteration}, is missing`);
    });
    return rows.map((row) => this.parse(row.json));
  }

  chunkSeconds(iteration: number, stage: string): number {
    const [row] = this.all<{ seconds: number | null }>(
      'SELECT sum(seconds) AS seconds FROM chunks WHERE iteration = ? AND stage = ?',
      [iteration, stage],
    );
    return row?.seconds ?? 0;
  }

  /** All rows of a kind, in the order of their chunks. The caller knows their type: it is what it committed. */
  rows<T>(iteration: number, stage: string, kind: string): T[] {
    return this.all<{ json: string }>(
      'SELECT data AS json FROM rows WHERE iteration = ? AND stage = ? AND kind = ? ORDER BY chunk, position',
      [iteration, stage, kind],
    ).map((row) => this.parse(row.json) as T);
  }

  /** All rows of a stage, of every kind, as JSON texts in a fixed order: what it made, for a hash. */
  rowTexts(iteration: number, stage: string): string[] {
    return this.all<{ kind: string; json: string }>(
      'SELECT kind, data AS json FROM rows WHERE iteration = ? AND stage = ? ORDER BY kind, chunk, position',
      [iteration, stage],
    ).map(({ kind, json }) => `${kind} ${json}`);
  }

  countRows(iteration: number, stage: string, kind: string): number {
    const [row] = this.all<{ n: number }>(
      'SELECT count(*) AS n FROM rows WHERE iteration = ? AND stage = ? AND kind = ?',
      [iteration, stage, kind],
    );
    return row?.n ?? 0;
  }

  /** sha256 of a file that was written, so that a truncated or changed one is seen; undefined before. */
  artifactHash(iteration: number, name: string): string | undefined {
    const sql = 'SELECT sha256 FROM artifacts WHERE iteration = ? AND name = ?';
    return this.all<{ sha256: string }>(sql, [iteration, name])[0]?.sha256;
  }

  setArtifactHash(iteration: number, name: string, sha256: string): void {
    this.transaction(() => this.run('INSERT OR REPLACE INTO artifacts VALUES (?, ?, ?)', [iteration, name, sha256]));
  }

  private transaction(work: () => void): void {
    withStoreErrors(this.file, () => {
      this.connection.exec('BEGIN IMMEDIATE');
      try {
        work();
        this.connection.exec('COMMIT');
      } catch (error) {
        // A full disk makes SQLite roll back by itself; a second ROLLBACK would hide the first error.
        if (this.connection.inTransaction) this.connection.exec('ROLLBACK');
        throw error;
      }
    });
  }

  private run(sql: string, values: readonly unknown[]): void {
    this.connection.prepare(sql).run([...values]);
  }

  private all<T>(sql: string, values: readonly unknown[]): T[] {
    return withStoreErrors(this.file, () => this.connection.prepare(sql).all([...values]) as T[]);
  }

  private one(sql: string, values: readonly unknown[]): unknown {
    const [row] = this.all<{ json: string }>(sql, values);
    return row === undefined ? undefined : this.parse(row.json);
  }

  private parse(json: string): unknown {
    try {
      return JSON.parse(json) as unknown;
    } catch (error) {
      throw corruptRun(this.file, 'a row is not JSON', error);
    }
  }
}

function connectToWrite(file: string): Connection {
  return connect(file, (connection) => {
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    createWhereNew(connection);
  });
}

function connect(file: string, prepare: (connection: Connection) => void = () => undefined): Connection {
  const connection = new Database(file);
  try {
    connection.pragma(`busy_timeout = ${busyTimeoutMs}`);
    prepare(connection);
    checkFile(connection, file);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function createWhereNew(connection: Connection): void {
  const tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all([]);
  if (tables.length > 0 || userVersion(connection) !== 0) return;
  connection.exec(`BEGIN IMMEDIATE; ${createTables} PRAGMA user_version = ${storeVersion}; COMMIT;`);
}

function userVersion(connection: Connection): number {
  return (connection.pragma('user_version') as { user_version: number }[])[0]?.user_version ?? 0;
}

/** Refuses a file of another version, and a damaged one. */
function checkFile(connection: Connection, file: string): void {
  const version = userVersion(connection);
  if (version !== storeVersion) {
    throw new IsheepError(
      'run-changed',
      `${file} was made by another version of isheep: its store has version ${version}, this one reads ${storeVersion}`,
      { hint: 'continue it with the version that config.json names, or start a new run with another --run' },
    );
  }
  const [check] = connection.pragma('quick_check(1)') as { quick_check: string }[];
  if (check?.quick_check !== 'ok') throw corruptRun(file, check?.quick_check ?? 'no answer from the check');
}

function withStoreErrors<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeError(error, file);
  }
}
