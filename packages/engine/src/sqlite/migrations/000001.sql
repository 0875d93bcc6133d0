-- The terminal's own database. Everything but `journal` is small; `journal` is the truth, the rest can be rebuilt from it
-- or is about the way to the centre.

-- One row: whose database this is.
CREATE TABLE identity (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  terminal TEXT NOT NULL,
  short_id TEXT NOT NULL,
  store TEXT NOT NULL
) STRICT;

-- The lives of this database, oldest first; the last one is the present.
CREATE TABLE life (
  ordinal INTEGER PRIMARY KEY,
  incarnation TEXT NOT NULL UNIQUE,
  -- How far the centre has it, and the hash there: the `central` lane's one mark.
  durable_through INTEGER NOT NULL DEFAULT 0,
  durable_hash BLOB NOT NULL,
  backed_up_through INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL
) STRICT;

-- position = ordinal * 2^40 + seq: row order is journal order, and (incarnation, seq) needs no index of its own.
CREATE TABLE journal (
  position INTEGER PRIMARY KEY,
  hash BLOB NOT NULL,
  kind TEXT NOT NULL,
  local_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  business_date TEXT NOT NULL,
  receipt_sequence INTEGER,
  body TEXT NOT NULL,
  private TEXT,
  origin TEXT
) STRICT;
CREATE INDEX journal_entity ON journal (local_id, version);
CREATE INDEX journal_receipt ON journal (business_date, receipt_sequence) WHERE receipt_sequence IS NOT NULL;

-- Orders that are open now. Closing one takes its row away: this table stays small whatever the history.
CREATE TABLE open_order (local_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Which document took a closed order back: a sale is voided once.
CREATE TABLE voided_order (
  local_id TEXT PRIMARY KEY,
  by_local_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE shift (
  local_id TEXT PRIMARY KEY,
  operator TEXT NOT NULL,
  business_date TEXT NOT NULL,
  opened_at TEXT NOT NULL,
  closed_at TEXT,
  ordinal INTEGER NOT NULL,
  open_seq INTEGER NOT NULL,
  close_seq INTEGER
) STRICT;
CREATE INDEX shift_open ON shift (opened_at) WHERE closed_at IS NULL;

-- Where each lane stands. Due times are wall-clock milliseconds.
CREATE TABLE lane (
  name TEXT PRIMARY KEY,
  failures INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL DEFAULT 0,
  last_attempt_at INTEGER,
  last_success_at INTEGER,
  error_code TEXT,
  error_message TEXT,
  halted INTEGER NOT NULL DEFAULT 0,
  cursor TEXT,
  server_epoch TEXT
) STRICT;

-- Changes that the centre holds and has not applied. Nearly always empty.
CREATE TABLE exception (
  position INTEGER PRIMARY KEY,
  effect TEXT NOT NULL,
  code TEXT,
  message TEXT
) STRICT;
