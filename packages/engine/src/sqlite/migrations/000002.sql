-- Receipt numbers that this database never gave, and the centre has documents for: it was rolled back, and neither its own
-- rows nor the witness said so. Numbers of that life and day go on behind `to_sequence`. Nearly always empty.
CREATE TABLE receipt_floor (
  ordinal INTEGER NOT NULL,
  business_date TEXT NOT NULL,
  from_sequence INTEGER NOT NULL,
  to_sequence INTEGER NOT NULL,
  noticed_at TEXT NOT NULL,
  PRIMARY KEY (ordinal, business_date, to_sequence)
) STRICT, WITHOUT ROWID;
