-- Closed shifts, compared byte for byte with what their tills say of them.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- A judgement travels to its till behind the effects of what it judges.
ALTER TABLE feed_entry ADD COLUMN settlement jsonb;

-- What is to be judged needs no mark of its own: a closing that nobody judged yet. Servers look back as far as they missed.
CREATE INDEX change_shift_closed ON change_head (received_at) WHERE kind = 'shift.closed';

CREATE TABLE shift_settlement (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  -- The change that closed the shift.
  terminal uuid NOT NULL,
  incarnation text NOT NULL,
  seq bigint NOT NULL,
  -- The shift; null while the closing cannot be read.
  local_id text,
  business_date date,
  -- The stretch of the life that was compared.
  open_seq bigint NOT NULL,
  close_seq bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('settled', 'settled-with-exceptions', 'different')),
  -- Numbers of both sides, exceptions, what is needed.
  judgement jsonb NOT NULL,
  -- Rows that the till lacks as well: nobody has them.
  lacked jsonb NOT NULL DEFAULT '[]',
  -- Rows of the centre that were found wrong and are right again.
  healed jsonb NOT NULL DEFAULT '[]',
  -- True when something in the stretch changed since it was judged.
  due boolean NOT NULL DEFAULT false,
  judged_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, terminal, incarnation, seq),
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal
);
CREATE INDEX settlement_shift ON shift_settlement (org_id, store_id, local_id);
CREATE INDEX settlement_day ON shift_settlement (org_id, store_id, business_date);
CREATE INDEX settlement_due ON shift_settlement (org_id, store_id, terminal) WHERE due;

GRANT SELECT, INSERT, UPDATE ON shift_settlement TO tillsync_app;
GRANT SELECT ON shift_settlement TO tillsync_relay;
ALTER TABLE shift_settlement ENABLE ROW LEVEL SECURITY;
ALTER TABLE shift_settlement FORCE ROW LEVEL SECURITY;
CREATE POLICY one_store ON shift_settlement TO tillsync_app
  USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
  WITH CHECK (org_id = scope_org() AND store_id = scope_store());
CREATE POLICY relay_reads ON shift_settlement FOR SELECT TO tillsync_relay USING (true);

-- Shifts of a day, whoever opened them and however they stand: few rows among all documents.
CREATE INDEX document_shift ON document (org_id, store_id, business_date) WHERE entity = 'shift';

-- Days of a store that were closed. The report is what it was at that moment and never changes; shifts of that day which
-- are not in it came later, and are its supplement.
CREATE TABLE day_close (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  business_date date NOT NULL,
  closed_at timestamptz NOT NULL,
  actor text NOT NULL,
  reason text,
  report jsonb NOT NULL,
  PRIMARY KEY (org_id, store_id, business_date),
  FOREIGN KEY (org_id, store_id) REFERENCES store
);
GRANT SELECT, INSERT ON day_close TO tillsync_app;
ALTER TABLE day_close ENABLE ROW LEVEL SECURITY;
ALTER TABLE day_close FORCE ROW LEVEL SECURITY;
CREATE POLICY one_store ON day_close TO tillsync_app
  USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
  WITH CHECK (org_id = scope_org() AND store_id = scope_store());
