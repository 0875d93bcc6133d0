-- What the centre found in closed shifts, and what this till found in its own rows of them: one row a closed shift.
CREATE TABLE settlement (
  -- Of the change that closed the shift.
  position INTEGER PRIMARY KEY,
  -- The centre's judgement, as it came.
  state TEXT NOT NULL,
  judgement TEXT NOT NULL,
  judged_at INTEGER NOT NULL,
  -- What this till's own rows come to; null until it has looked at them since the last news.
  own TEXT,
  -- How many of them it has lost, or finds damaged.
  lacks INTEGER NOT NULL DEFAULT 0,
  -- Rows of it that may be wrong, since what should come before them does not fit.
  doubted TEXT NOT NULL DEFAULT '[]',
  -- Rows of this till that were wrong and are right again, by seq.
  healed TEXT NOT NULL DEFAULT '[]'
) STRICT;
-- Nearly always empty: what still has to be looked at, asked for or sent again.
CREATE INDEX settlement_unfinished ON settlement (position) WHERE own IS NULL OR lacks > 0 OR state = 'different';
