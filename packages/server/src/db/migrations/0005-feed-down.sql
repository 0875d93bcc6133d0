-- Other terminals' orders down to the till, and what the centre finds for people to look at.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- Orders that are open now: what a terminal is given that begins without a cursor. Sales never touch it.
CREATE INDEX document_open ON document (org_id, store_id, local_id) WHERE entity = 'order' AND state = 'open';
-- Returns and voids, by the change that made them: what is looked for in each run of the feed. Sales never touch it.
CREATE INDEX document_refund ON document (org_id, store_id, terminal, incarnation, seq)
  WHERE entity = 'order' AND document_type IN ('return', 'void');

-- Something that happened, counts, and needs a person: money to give back, mostly.
CREATE TABLE task (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  kind text NOT NULL CHECK (kind IN ('paid-twice', 'paid-after-end', 'refund-exceeds')),
  -- The order it is about: a localId; of one that nobody knows here, the receipt number.
  subject text NOT NULL,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  -- The documents with what was paid for each.
  evidence jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  resolved_at timestamptz,
  resolved_by text,
  reason text,
  PRIMARY KEY (org_id, store_id, kind, subject)
);
CREATE INDEX task_open ON task (org_id, store_id, created_at) WHERE state = 'open';

-- What was given back, and for which order.
CREATE TABLE refund (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  local_id text NOT NULL,
  original_local_id text,
  original_receipt text,
  -- The order it was found to be; null while the centre knows none such.
  original text,
  currency text NOT NULL,
  -- Positive: money that went out.
  amount_minor bigint NOT NULL,
  PRIMARY KEY (org_id, store_id, local_id)
);
CREATE INDEX refund_original ON refund (org_id, store_id, original) WHERE original IS NOT NULL;
CREATE INDEX refund_unverified ON refund (org_id, store_id) WHERE original IS NULL;

-- How far the feed of a store was searched.
CREATE TABLE task_mark (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (org_id, store_id)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['task', 'refund', 'task_mark'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO tillsync_app', t);
    EXECUTE format('CREATE POLICY one_store ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
      WITH CHECK (org_id = scope_org() AND store_id = scope_store())', t);
  END LOOP;
END $$;
