-- Receipts and money of a day that no shift has: documents of other makes and of head office. Sales of our tills are made
-- in shifts, in lives of their own, and never touch it.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;
CREATE INDEX document_outside ON document (org_id, store_id, business_date)
  WHERE incarnation = '0000000000000000' AND entity IN ('order', 'transaction') AND state IN ('closed', 'recorded');
