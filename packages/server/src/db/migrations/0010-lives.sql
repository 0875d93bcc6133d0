-- Lives of terminals whose database was put back, copied or lost.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

-- Changes that were sent again in a later life: what a closed shift is made of may stand there. Nearly always empty.
CREATE INDEX change_sent_again ON change_head (org_id, store_id, terminal, incarnation, seq) WHERE origin IS NOT NULL;
