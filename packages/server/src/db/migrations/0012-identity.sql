-- Who a terminal is: the machine's public key, the grant that the centre signed for it, and what head office did with either.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- The centre's own key pair, made once. Whoever reads this table can sign as the centre: only the operator's role does.
CREATE TABLE centre_key (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- PKCS #8, Ed25519.
  private_key bytea NOT NULL,
  created_at timestamptz NOT NULL
);
ALTER TABLE centre_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE centre_key FORCE ROW LEVEL SECURITY;
CREATE POLICY enrolment ON centre_key TO tillsync_migrator USING (true) WITH CHECK (true);

-- The highest serial of this terminal's grants, and when it ended.
ALTER TABLE terminal ADD COLUMN grant_serial integer NOT NULL DEFAULT 0;
ALTER TABLE terminal ADD COLUMN retired_at timestamptz;

-- A machine's key: `key_hash` is its RFC 7638 thumbprint. A key without one of these is a text that is shown (tsk_).
ALTER TABLE access_key ADD COLUMN public_key bytea;
ALTER TABLE access_key ADD COLUMN serial integer;
ALTER TABLE access_key ADD COLUMN granted_at timestamptz;
-- From here on this machine may only deliver what it has.
ALTER TABLE access_key ADD COLUMN draining_at timestamptz;
ALTER TABLE access_key ADD CHECK ((public_key IS NULL) = (serial IS NULL) AND (public_key IS NULL) = (granted_at IS NULL));
CREATE INDEX access_key_terminal ON access_key (org_id, store_id, terminal) WHERE terminal IS NOT NULL;

-- Who printed a short id first prints it for ever: two terminals of a store never have the same receipt number.
CREATE TABLE short_id_holder (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  short_id text NOT NULL,
  terminal uuid NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, short_id),
  FOREIGN KEY (org_id, store_id, terminal) REFERENCES terminal
);
INSERT INTO short_id_holder SELECT org_id, store_id, short_id, terminal, created_at FROM terminal WHERE device_id IS NULL;

-- Assertions that were used, until they would be too old anyway: none gives two tokens.
CREATE TABLE assertion_used (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  key_hash bytea NOT NULL,
  jti text NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (org_id, store_id, key_hash, jti)
);

-- What head office did with terminals and their keys, by whom and why. Never changed and never deleted.
CREATE TABLE directory_act (
  org_id integer NOT NULL,
  store_id integer NOT NULL,
  act_id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  act text NOT NULL,
  terminal uuid,
  actor text NOT NULL,
  reason text,
  details jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (org_id, store_id, act_id),
  FOREIGN KEY (org_id, store_id) REFERENCES store
);

GRANT SELECT ON short_id_holder, directory_act TO tillsync_app;
GRANT SELECT, INSERT, DELETE ON assertion_used TO tillsync_app;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['short_id_holder', 'assertion_used', 'directory_act'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY one_store ON %I TO tillsync_app
      USING (org_id = (SELECT scope_org()) AND store_id = (SELECT scope_store()))
      WITH CHECK (org_id = scope_org() AND store_id = scope_store())', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['short_id_holder', 'directory_act'] LOOP
    EXECUTE format('CREATE POLICY enrolment ON %I TO tillsync_migrator USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;
-- How far each life has come, and nothing of what is in it: a terminal is retired when it holds nothing any more.
CREATE POLICY enrolment_reads ON incarnation FOR SELECT TO tillsync_migrator USING (true);
