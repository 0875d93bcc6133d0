-- A database that was restored from a backup, or whose place a lagging copy took, gives numbers of its feed a second time.
-- So it gets a new epoch, and a number of the feed means one thing together with its epoch (decision 0028).
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- Whose files these are, as PostgreSQL itself says; null until a server has looked. Another one, and the database came from
-- somewhere else: a dump, a copy, a standby that took over.
ALTER TABLE server_identity
  ADD COLUMN system_identifier text,
  ADD COLUMN timeline bigint,
  ADD COLUMN renewed_at timestamptz,
  ADD COLUMN reason text,
  -- Epochs before this one, the oldest first: a copy of reference data under one of them proves by its hash what it shares.
  ADD COLUMN former uuid[] NOT NULL DEFAULT '{}';

-- Epochs of this feed before the present one, the oldest first, each with the last number that is the same in both:
-- [{"epoch": "...", "n": 41}]. A cursor up to there goes on; one beyond it has seen what is lost.
ALTER TABLE feed_counter ADD COLUMN former jsonb NOT NULL DEFAULT '[]';

-- The epoch of the server in which a module was written or confirmed last. After a restore that is a former one, or none,
-- until somebody says what holds.
ALTER TABLE module_state ADD COLUMN epoch uuid;

-- Where PostgreSQL's log was at a time, one row a minute: what an operator's own backup up to a place in the log holds.
CREATE TABLE log_position (
  at timestamptz PRIMARY KEY,
  lsn pg_lsn NOT NULL,
  timeline bigint NOT NULL
);

-- Backups that were verified, by us or by an operator.
CREATE TABLE backup_completed (
  backup_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Everything stored up to here is in it.
  taken_at timestamptz NOT NULL,
  completed_at timestamptz NOT NULL,
  actor text NOT NULL,
  note text
);

-- A new history begins, for the whole database. Run by a server that found out, by `tillsync restore --server`, or by hand.
CREATE FUNCTION renew_epochs(why text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE made uuid;
BEGIN
  UPDATE server_identity SET former = former || server_epoch, server_epoch = gen_random_uuid(), renewed_at = clock_timestamp(),
    reason = why RETURNING server_epoch INTO made;
  UPDATE feed_counter SET former = former || jsonb_build_array(jsonb_build_object('epoch', epoch, 'n', n)), epoch = gen_random_uuid();
  RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION renew_epochs(text) FROM PUBLIC;

GRANT SELECT ON log_position, backup_completed TO tillsync_app;
