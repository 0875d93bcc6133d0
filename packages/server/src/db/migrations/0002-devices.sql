-- Devices of somebody else's (requirements 001 and 004) and head office: who has no journal of its own and sends whole
-- documents. The centre gives their changes a place; everything else is as for tills.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- 004 `deviceId`, as it is sent; null for our tills.
ALTER TABLE terminal ADD COLUMN device_id text;
CREATE UNIQUE INDEX terminal_device ON terminal (org_id, store_id, device_id) WHERE device_id IS NOT NULL;

-- A device is known from its first request on.
GRANT INSERT ON terminal TO tillsync_app;

-- Hash of a document that came whole; null for those of our tills. Decides what may follow (ingest/interpret.ts).
ALTER TABLE document ADD COLUMN content_hash bytea;

-- The tokens each device was given: from one of these its next answer goes on exactly, from any other number it is given
-- a day more.
CREATE TABLE device_token (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  token_ms bigint NOT NULL,
  n bigint NOT NULL,
  issued_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, token_ms),
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal
);
GRANT SELECT, INSERT, DELETE ON device_token TO tillsync_app;
ALTER TABLE device_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE device_token FORCE ROW LEVEL SECURITY;
CREATE POLICY one_store ON device_token TO tillsync_app
  USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
  WITH CHECK (org_id = scope_org() AND store_id = scope_store());
