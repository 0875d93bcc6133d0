-- Edits of shared records (customers) made on this till, until its copy of the module has what the centre made of them.
CREATE TABLE record_edit (
  -- Of the change.
  position INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  -- When the centre had it, and what the copy said of the record then; both null while it is on its way.
  durable_at INTEGER,
  seen TEXT
) STRICT;
CREATE INDEX record_edit_id ON record_edit (id, position);
CREATE INDEX record_edit_waiting ON record_edit (position) WHERE durable_at IS NULL;

-- By how many milliseconds the centre's clock is ahead of this till's, as its last answer with news showed.
CREATE TABLE centre_clock (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  offset_ms INTEGER NOT NULL
) STRICT;
