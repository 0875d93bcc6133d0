-- Shared records (customers) as all stores of an organization write them, and every version that lost to another one.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- Whoever merges holds its organization's row: there is one writer at a time, on any server.
CREATE TABLE record_writer (
  org_id integer PRIMARY KEY REFERENCES organization
);

-- Who wrote each field last, and what totals come to. What tills read is the row of the module; this decides what follows.
CREATE TABLE record_state (
  org_id integer NOT NULL REFERENCES organization,
  module text NOT NULL,
  id text NOT NULL,
  -- By name: value, when it counts as written, and the change that wrote it.
  fields jsonb NOT NULL,
  totals jsonb NOT NULL,
  PRIMARY KEY (org_id, module, id)
);

-- Edits that are merged: none counts twice, whatever crashed when.
CREATE TABLE record_merged (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation, seq),
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal
);
CREATE INDEX change_customer ON change_head (org_id, store_id, received_at) WHERE kind = 'customer.edited';

-- Requirement 002's SyncConflictLog: one row for each version that does not stand, in the store of whoever wrote it. Never
-- deleted. Bodies are not copied: they are kept with their changes.
CREATE TABLE conflict (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  conflict_id bigint GENERATED ALWAYS AS IDENTITY,
  entity_type text NOT NULL,
  entity_id text NOT NULL,
  conflict_type text NOT NULL,
  -- The change that lost; without a terminal, what head office had imported.
  terminal uuid,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  -- The change that stands; null when none is known. It may be of another store.
  by_store_id integer,
  by_terminal uuid,
  by_incarnation text,
  by_seq bigint,
  -- The fields of a shared record on both sides. Personal: an erasure empties them, and the row stays.
  local_data jsonb,
  remote_data jsonb,
  -- How the centre decided: LAST_WRITE_WINS, CLIENT_WINS, SERVER_WINS, or MANUAL.
  decided text NOT NULL,
  created_at timestamptz NOT NULL,
  -- What a person made of it: KEEP_MINE, KEEP_THEIRS or MERGED.
  resolution text,
  resolved_by text,
  reason text,
  -- The fields that were taken from the version that had lost; null for all of it.
  taken jsonb,
  resolved_at timestamptz,
  PRIMARY KEY (org_id, store_id, conflict_id),
  UNIQUE NULLS NOT DISTINCT (org_id, store_id, terminal, incarnation, seq, by_store_id, by_terminal, by_incarnation, by_seq, entity_id),
  FOREIGN KEY (org_id, store_id) REFERENCES store,
  CHECK ((resolved_at IS NULL) = (resolution IS NULL) AND (resolved_at IS NULL) = (resolved_by IS NULL))
);
CREATE INDEX conflict_open ON conflict (org_id, store_id, conflict_id) WHERE resolved_at IS NULL;
CREATE INDEX conflict_entity ON conflict (org_id, store_id, entity_id);

GRANT SELECT, INSERT, UPDATE ON record_writer, record_state TO tillsync_app;
GRANT SELECT, INSERT ON record_merged TO tillsync_app;
GRANT SELECT, INSERT, UPDATE ON conflict TO tillsync_app;
GRANT SELECT ON record_merged, conflict TO tillsync_relay;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['record_writer', 'record_state', 'record_merged', 'conflict'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['record_writer', 'record_state'] LOOP
    EXECUTE format('CREATE POLICY one_organization ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org())) WITH CHECK (org_id = scope_org())', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['record_merged', 'conflict'] LOOP
    EXECUTE format('CREATE POLICY one_store ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
      WITH CHECK (org_id = scope_org() AND store_id = scope_store())', t);
    EXECUTE format('CREATE POLICY relay_reads ON %I FOR SELECT TO tillsync_relay USING (true)', t);
  END LOOP;
END $$;
