-- What other terminals of the store did, as the feed brought it: changes, not results, so that it makes no difference in
-- which order they come. Kept for `feed.keepDays`, open orders longer.

-- Lives of others, numbered for `other_change`.
CREATE TABLE other_life (
  ordinal INTEGER PRIMARY KEY,
  terminal TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  UNIQUE (terminal, incarnation)
) STRICT;

-- position = ordinal * 2^40 + seq, as in `journal`.
CREATE TABLE other_change (
  position INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  local_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  business_date TEXT NOT NULL,
  -- The day, by head office's clock, on which this till was told.
  told_on TEXT NOT NULL,
  receipt_number TEXT,
  -- `applied`, or `conflict` for what lost to another version.
  effect TEXT NOT NULL,
  -- It is seen from this generation on: the pages of the past are shown all at once.
  generation INTEGER NOT NULL,
  -- The generation in which it was told last.
  told INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX other_entity ON other_change (local_id);
CREATE INDEX other_receipt ON other_change (receipt_number) WHERE receipt_number IS NOT NULL;
CREATE INDEX other_day ON other_change (told_on);

-- One row: what this till asks for, the generation that is seen, and whether pages of the past are on their way.
CREATE TABLE others (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  scope TEXT NOT NULL,
  generation INTEGER NOT NULL,
  joining INTEGER NOT NULL
) STRICT;
INSERT INTO others (only, scope, generation, joining) VALUES (1, 'own', 0, 0);

-- Orders of pages that are not seen yet; what became of them is looked at when they are.
CREATE TABLE other_staged (local_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
