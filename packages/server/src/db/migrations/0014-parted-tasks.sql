-- Tasks about tills whose histories parted, and about receipt numbers that were given twice because of it.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;

ALTER TABLE task DROP CONSTRAINT task_kind_check;
ALTER TABLE task ADD CONSTRAINT task_kind_check
  CHECK (kind IN ('paid-twice', 'paid-after-end', 'refund-exceeds', 'till-parted', 'receipt-twice'));
