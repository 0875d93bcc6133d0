-- The spine: who there is, what they sent, what became of it, and the feed that tells it.
-- Every tenant table starts its key with (org_id, store_id), so that it distributes by store, and is under forced row
-- security: a transaction sees the one store whose scope it set, and none when it set none.

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['tillsync_migrator', 'tillsync_app', 'tillsync_relay'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this cluster was quicker
      END;
    END IF;
    -- The login may act as the role, and has none of its rights before it does: a statement outside a scope sees nothing.
    -- PostgreSQL 15 cannot say so.
    IF current_setting('server_version_num')::integer >= 160000 THEN
      IF NOT pg_has_role(current_user, name, 'SET') THEN
        EXECUTE format('GRANT %I TO CURRENT_USER WITH INHERIT FALSE, SET TRUE', name);
      END IF;
    ELSIF NOT pg_has_role(current_user, name, 'MEMBER') THEN
      EXECUTE format('GRANT %I TO CURRENT_USER', name);
    END IF;
  END LOOP;
END $$;

CREATE SCHEMA tillsync AUTHORIZATION tillsync_migrator;
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;
GRANT USAGE ON SCHEMA tillsync TO tillsync_app, tillsync_relay;

CREATE FUNCTION scope_org() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('tillsync.org', true), '')::integer $$;
CREATE FUNCTION scope_store() RETURNS integer LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('tillsync.store', true), '')::integer $$;
CREATE FUNCTION presented_key() RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT decode(nullif(current_setting('tillsync.presented_key', true), ''), 'hex') $$;

-- One row: the life of this database. A restore from a backup gets a new one.
CREATE TABLE server_identity (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  server_epoch uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO server_identity DEFAULT VALUES;

-- Directory ----------------------------------------------------------------------------------------------------------

CREATE TABLE organization (
  org_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text NOT NULL UNIQUE,
  created_at timestamptz NOT NULL
);

CREATE TABLE store (
  org_id integer NOT NULL REFERENCES organization,
  store_id integer GENERATED ALWAYS AS IDENTITY,
  code text NOT NULL,
  currency text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id),
  UNIQUE (org_id, code)
);

CREATE TABLE terminal (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  short_id text NOT NULL,
  kind text NOT NULL DEFAULT 'retail',
  created_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal),
  UNIQUE (org_id, store_id, short_id),
  FOREIGN KEY (org_id, store_id) REFERENCES store
);

-- Keys are random, so one unsalted SHA-256 is enough to keep them from being read back.
CREATE TABLE access_key (
  key_hash bytea PRIMARY KEY,
  org_id integer NOT NULL REFERENCES organization,
  store_id integer NOT NULL,
  role text NOT NULL CHECK (role IN ('terminal', 'foreign', 'admin')),
  name text NOT NULL,
  terminal uuid,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  FOREIGN KEY (org_id, store_id) REFERENCES store,
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal,
  CHECK (role <> 'terminal' OR terminal IS NOT NULL)
);

-- What was sent ------------------------------------------------------------------------------------------------------

CREATE TABLE incarnation (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  ordinal integer NOT NULL,
  durable_through bigint NOT NULL DEFAULT 0,
  chain_hash bytea NOT NULL,
  head_seq bigint NOT NULL DEFAULT 0,
  backed_up_through bigint NOT NULL DEFAULT 0,
  receipt_date date,
  receipt_sequence bigint,
  first_seen_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation),
  UNIQUE (org_id, store_id, terminal, ordinal),
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal
);

-- Ids and hashes of every change, for ever. The bytes live apart, so that old months of them can go.
CREATE TABLE change_head (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  change_id uuid,
  kind text,
  local_id text,
  effect text NOT NULL CHECK (effect IN ('applied', 'pending', 'waiting', 'conflict', 'parked')),
  code text,
  message text,
  origin jsonb,
  -- True when this changeId came before at another place: stored, not applied again.
  repeat boolean NOT NULL DEFAULT false,
  -- True while the bytes do not fit the hash.
  damaged boolean NOT NULL DEFAULT false,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation, seq)
);
CREATE UNIQUE INDEX change_once ON change_head (org_id, store_id, change_id) WHERE NOT repeat;
CREATE INDEX change_entity ON change_head (org_id, store_id, local_id);
-- Nearly empty on a good day, whatever the history: what people and sweepers look for.
CREATE INDEX change_unsettled ON change_head (org_id, store_id, local_id) WHERE effect IN ('pending', 'waiting', 'parked');
CREATE INDEX change_conflict ON change_head (org_id, store_id, local_id) WHERE effect = 'conflict';
CREATE INDEX change_pending ON change_head (org_id, store_id, terminal, incarnation, seq) WHERE effect = 'pending';
CREATE INDEX change_damaged ON change_head (org_id, store_id, terminal, incarnation, seq) WHERE damaged;

CREATE TABLE change_body (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  received_month date NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation, seq, received_month)
) PARTITION BY RANGE (received_month);
-- Storing must never fail for want of a partition; months are made ahead of time, and this one stays empty.
CREATE TABLE change_body_default PARTITION OF change_body DEFAULT;

CREATE TABLE change_private (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  private bytea NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation, seq)
);

-- Evidence: what came for a place that was taken by something else.
CREATE TABLE fork (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  body bytea NOT NULL,
  private bytea,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation, seq, hash)
);

-- What became of it --------------------------------------------------------------------------------------------------

CREATE TABLE document (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  entity text NOT NULL,
  local_id text NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'closed', 'voided', 'deleted', 'recorded')),
  version bigint NOT NULL,
  business_date date NOT NULL,
  occurred_at timestamptz NOT NULL,
  shift_id text,
  document_type text,
  receipt_number text,
  reference text,
  currency text,
  total_minor bigint,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (org_id, store_id, entity, local_id)
);
CREATE INDEX document_receipt ON document (org_id, store_id, receipt_number) WHERE receipt_number IS NOT NULL;
CREATE INDEX document_reference ON document (org_id, store_id, reference) WHERE reference IS NOT NULL;

-- Open orders are the union of these, whoever made them and in whatever order they came.
CREATE TABLE order_event (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  local_id text NOT NULL,
  event_id text NOT NULL,
  event jsonb NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (org_id, store_id, local_id, event_id)
);

-- The feed -----------------------------------------------------------------------------------------------------------

-- One counter per store, taken as the last lock before COMMIT: numbers become visible in their order, without gaps.
CREATE TABLE feed_counter (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  n bigint NOT NULL DEFAULT 0,
  chain bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
  at_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (org_id, store_id),
  FOREIGN KEY (org_id, store_id) REFERENCES store
);

CREATE TABLE feed_entry (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  n bigint NOT NULL,
  -- One value per commit: SHA-256 over the value before it and the commit's entries.
  chain bytea NOT NULL,
  at_ms bigint NOT NULL,
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  from_seq bigint NOT NULL,
  to_seq bigint NOT NULL,
  effect text NOT NULL,
  code text,
  message text,
  PRIMARY KEY (org_id, store_id, n)
);
CREATE INDEX feed_of_terminal ON feed_entry (org_id, store_id, terminal, n);

-- Who may do what ----------------------------------------------------------------------------------------------------

GRANT SELECT ON ALL TABLES IN SCHEMA tillsync TO tillsync_app;
GRANT INSERT, UPDATE ON incarnation, change_head, change_body, document, order_event TO tillsync_app;
GRANT INSERT ON fork, feed_entry TO tillsync_app;
GRANT INSERT, DELETE ON change_private TO tillsync_app;
GRANT UPDATE ON terminal, feed_counter TO tillsync_app; -- UPDATE on terminal is what a row lock asks for
GRANT SELECT ON change_head, change_body, feed_counter, feed_entry TO tillsync_relay;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['organization', 'store', 'terminal', 'access_key', 'incarnation', 'change_head', 'change_body',
    'change_body_default', 'change_private', 'fork', 'document', 'order_event', 'feed_counter', 'feed_entry'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['store', 'terminal', 'incarnation', 'change_head', 'change_body', 'change_body_default',
    'change_private', 'fork', 'document', 'order_event', 'feed_counter', 'feed_entry'] LOOP
    EXECUTE format('CREATE POLICY one_store ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
      WITH CHECK (org_id = scope_org() AND store_id = scope_store())', t);
  END LOOP;
  -- The operator at the centre enrols; the relay reads every store's feed, and nothing else.
  FOREACH t IN ARRAY ARRAY['organization', 'store', 'terminal', 'access_key', 'feed_counter'] LOOP
    EXECUTE format('CREATE POLICY enrolment ON %I TO tillsync_migrator USING (true) WITH CHECK (true)', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['change_head', 'change_body', 'change_body_default', 'feed_counter', 'feed_entry'] LOOP
    EXECUTE format('CREATE POLICY relay_reads ON %I FOR SELECT TO tillsync_relay USING (true)', t);
  END LOOP;
END $$;
CREATE POLICY one_organization ON organization FOR SELECT TO tillsync_app USING (org_id = (SELECT scope_org()));
-- A key can be looked up only by who presents it.
CREATE POLICY presented ON access_key FOR SELECT TO tillsync_app USING (key_hash = (SELECT presented_key()));
