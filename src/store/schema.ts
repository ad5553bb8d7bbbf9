// The tables of run.db. One database holds one run. What is looked up has a column; the rest of a row is its JSON.
// A stage without an entry in `stages` is not finished; a chunk without an entry in `chunks` never happened.

/** SQLite's user_version. Another number means another version of isheep made the file. */
export const storeVersion = 1;

export const createTables = `
  CREATE TABLE run (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL               -- JSON
  ) WITHOUT ROWID;
  CREATE TABLE iterations (
    iteration INTEGER PRIMARY KEY,
    model TEXT NOT NULL               -- JSON: "base", or the adapter that wrote this iteration's data
  );
  CREATE TABLE stages (
    iteration INTEGER NOT NULL,
    stage TEXT NOT NULL,
    seconds REAL NOT NULL,            -- of the work outside chunks
    result TEXT NOT NULL,             -- JSON
    PRIMARY KEY (iteration, stage)
  ) WITHOUT ROWID;
  CREATE TABLE chunks (
    iteration INTEGER NOT NULL,
    stage TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    seconds REAL NOT NULL,
    info TEXT NOT NULL,               -- JSON
    PRIMARY KEY (iteration, stage, chunk)
  ) WITHOUT ROWID;
  CREATE TABLE rows (
    iteration INTEGER NOT NULL,
    stage TEXT NOT NULL,
    kind TEXT NOT NULL,
    chunk INTEGER NOT NULL,
    position INTEGER NOT NULL,        -- in its chunk, among the rows of its kind
    id TEXT NOT NULL,
    data TEXT NOT NULL,               -- JSON
    PRIMARY KEY (iteration, stage, kind, chunk, position)
  ) WITHOUT ROWID;
  CREATE INDEX rows_by_id ON rows (iteration, id);
  CREATE TABLE artifacts (
    iteration INTEGER NOT NULL,
    name TEXT NOT NULL,               -- file name in the iteration's folder
    sha256 TEXT NOT NULL,
    PRIMARY KEY (iteration, name)
  ) WITHOUT ROWID;
`;
