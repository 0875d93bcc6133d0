-- Backups of tills, as they came: encrypted for the organization, in pieces. Kept here and not in a folder, because any
-- server may be asked for them, and because they are backed up with everything else.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

CREATE TABLE backup (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  -- Of the whole file: what it is known by.
  sha256 bytea NOT NULL,
  name text NOT NULL,
  bytes bigint NOT NULL,
  -- By the till's clock, and by ours.
  taken_at timestamptz NOT NULL,
  begun_at timestamptz NOT NULL,
  -- How much of it is here, from its beginning.
  received bigint NOT NULL DEFAULT 0,
  -- When all of it was, and gave its hash.
  whole_at timestamptz,
  PRIMARY KEY (org_id, store_id, terminal, sha256),
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal
);

CREATE TABLE backup_piece (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  sha256 bytea NOT NULL,
  at_byte bigint NOT NULL,
  piece bytea NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, sha256, at_byte),
  FOREIGN KEY (org_id, store_id, terminal, sha256) REFERENCES backup ON DELETE CASCADE
);
-- It was packed before it was encrypted: there is nothing to gain from trying again.
ALTER TABLE backup_piece ALTER COLUMN piece SET STORAGE EXTERNAL;

GRANT SELECT, INSERT, UPDATE, DELETE ON backup, backup_piece TO tillsync_app;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['backup', 'backup_piece'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY one_store ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
      WITH CHECK (org_id = scope_org() AND store_id = scope_store())', t);
  END LOOP;
END $$;
