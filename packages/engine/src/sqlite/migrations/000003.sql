-- Attempts of lanes, newest `Retention.Attempts` and `Retention.AttemptDays` of them. Attempts that succeeded and carried
-- nothing are not kept: an idle till writes nothing. Nothing depends on these rows but what people are shown.
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,
  lane TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  attempt_number INTEGER NOT NULL,
  -- Wall-clock milliseconds.
  started_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  code TEXT,
  message TEXT,
  should_retry INTEGER NOT NULL,
  -- What it carried: `changes` rows of the journal from this position on, of which the first `sent` became durable.
  position INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  sent INTEGER NOT NULL
) STRICT;

-- Transactions and stock movements are counted at a start, as orders are by `journal_receipt`; sales write neither index.
CREATE INDEX journal_transaction ON journal (position) WHERE kind = 'transaction.recorded';
CREATE INDEX journal_inventory ON journal (position) WHERE kind = 'inventory.updated';
