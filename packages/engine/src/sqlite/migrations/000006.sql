-- Reference data: what the centre's modules hold, as this till has it. None of it is the till's own; all of it can be
-- fetched again.

-- One row a module and scope: what is read, and what is being fetched to take its place.
CREATE TABLE module_copy (
  module TEXT NOT NULL,
  scope TEXT NOT NULL,
  -- What is read: the rows of the generation `base`, but where `overlay` has one under the same id. Null: none yet.
  base INTEGER,
  -- A delta that was made visible and is still being moved into `base`.
  overlay INTEGER,
  -- Where that stands in the centre's history of the module.
  epoch TEXT,
  n INTEGER NOT NULL DEFAULT 0,
  cursor TEXT,
  row_count INTEGER NOT NULL DEFAULT 0,
  hash TEXT,
  pulled_at INTEGER,
  -- What is being fetched: `snapshot`, then `catch-up` (what changed since it began), or `delta`. Null: nothing.
  phase TEXT,
  -- The generation that it goes to, its history, the cursor from which changes are asked, and how far it has come.
  building INTEGER,
  building_epoch TEXT,
  since TEXT,
  after TEXT,
  building_rows INTEGER NOT NULL DEFAULT 0,
  building_hash TEXT,
  -- Rows that are expected in all, for people who look at it.
  expected INTEGER NOT NULL DEFAULT 0,
  -- Pulls in a row that did not add up to the centre's hash.
  wrong INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (module, scope)
) STRICT, WITHOUT ROWID;

-- A set of rows that is filled, read or taken apart as one. One that no copy names is taken apart, a few rows at a time.
CREATE TABLE module_generation (
  generation INTEGER PRIMARY KEY AUTOINCREMENT,
  module TEXT NOT NULL,
  -- Places given out in it.
  places INTEGER NOT NULL DEFAULT 0
) STRICT;

-- place = generation * 2^32 + a counter. `row` is the canonical text; null says that the row below is no more.
CREATE TABLE module_row (
  place INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  id TEXT NOT NULL,
  row TEXT
) STRICT;
CREATE UNIQUE INDEX module_row_id ON module_row (generation, id);

-- What a row is found by besides its id: a barcode, the beginning of a name, the item that a price is of.
CREATE TABLE module_key (
  generation INTEGER NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (generation, key, id)
) STRICT, WITHOUT ROWID;

-- The words in the names of items, by the place of their rows. It keeps no text of its own and no positions.
CREATE VIRTUAL TABLE module_word USING fts5 (
  words, content = '', detail = none, columnsize = 0, tokenize = "unicode61 remove_diacritics 2"
);
-- Slices write many small segments: merged four at a time, as by default, each word would be written twice as often.
INSERT INTO module_word (module_word, rank) VALUES ('automerge', 16);
