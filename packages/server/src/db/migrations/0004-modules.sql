-- Reference data: what head office keeps and every till has a copy of (items, prices, customers, ...).
-- Rows of the organization have store_id 0; a store reads them beside its own and writes only its own. Whoever writes the
-- organization's does so in the scope of store 0.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- The hash of a row as a number, so that PostgreSQL itself keeps the sum of a module's hashes. From 16 on it reads
-- hexadecimal; before, the number is put together from five pieces.
DO $$
BEGIN
  EXECUTE 'CREATE FUNCTION row_number(module text, scope text, row_text text) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE AS $f$ SELECT ' || CASE
    WHEN current_setting('server_version_num')::integer >= 160000
    THEN '(''0x'' || encode(sha256(convert_to(module || E''\n'' || scope || E''\n'' || row_text, ''UTF8'')), ''hex''))::numeric'
    ELSE '(''x'' || substr(h, 1, 14))::bit(56)::bigint::numeric * 1606938044258990275541962092341162602522202993782792835301376
      + (''x'' || substr(h, 15, 14))::bit(56)::bigint::numeric * 22300745198530623141535718272648361505980416
      + (''x'' || substr(h, 29, 14))::bit(56)::bigint::numeric * 309485009821345068724781056
      + (''x'' || substr(h, 43, 14))::bit(56)::bigint::numeric * 4294967296
      + (''x'' || substr(h, 57, 8))::bit(32)::bigint
      FROM encode(sha256(convert_to(module || E''\n'' || scope || E''\n'' || row_text, ''UTF8'')), ''hex'') h'
    END || ' $f$';
END $$;

-- Where a module of one scope stands. Its row is the lock of the module, taken last by whoever writes: numbers become
-- visible in their order, without gaps.
CREATE TABLE module_state (
  org_id integer NOT NULL REFERENCES organization,
  store_id integer NOT NULL,
  module text NOT NULL,
  n bigint NOT NULL DEFAULT 0,
  row_count bigint NOT NULL DEFAULT 0,
  -- Of the rows' texts with a line feed each.
  row_bytes bigint NOT NULL DEFAULT 0,
  -- Sum of the rows' hashes modulo 2^256.
  hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  PRIMARY KEY (org_id, store_id, module)
);

-- Every import and edit: who, how much, and the hash after it, by which a cursor proves its history.
CREATE TABLE module_commit (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  module text NOT NULL,
  n bigint NOT NULL,
  hash bytea NOT NULL,
  inserted bigint NOT NULL,
  updated bigint NOT NULL,
  deleted bigint NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, module, n)
);

-- The collation makes the order of keys the order of their bytes, which is that of the tills' databases.
CREATE TABLE module_row (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  module text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  -- The commit that made it what it is.
  n bigint NOT NULL,
  -- Canonical text; null when the row was deleted, so that copies hear of it.
  row_text text,
  PRIMARY KEY (org_id, store_id, module, id)
);
CREATE INDEX module_row_news ON module_row (org_id, store_id, module, n, id);

GRANT SELECT, INSERT, UPDATE ON module_state, module_row TO tillsync_app;
GRANT SELECT, INSERT ON module_commit TO tillsync_app;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['module_state', 'module_commit', 'module_row'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY one_store ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
      WITH CHECK (org_id = scope_org() AND store_id = scope_store())', t);
    EXECUTE format('CREATE POLICY organization_reads ON %I FOR SELECT TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = 0)', t);
  END LOOP;
END $$;
