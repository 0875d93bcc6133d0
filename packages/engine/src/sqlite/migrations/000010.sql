-- The bytes of old changes go once the centre has them in a verified backup and nothing here needs them: `body` is empty
-- then, `private` null, and `retired` is a few words of JSON: how many bytes they were, and of money how much. The rest of
-- the row stays, so the chain can still be followed and compared. A row that is damaged has no such words.
ALTER TABLE journal ADD COLUMN retired TEXT;

-- One row: behind which place the next pass begins (what lies before it is retired, or stays for good), and what is retired now.
CREATE TABLE retirement (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  through INTEGER NOT NULL DEFAULT 0,
  changes INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO retirement (only) VALUES (1);
