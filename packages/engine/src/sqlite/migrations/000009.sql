-- How the centre has the lives of this database that have ended. A life ends where the centre's history and this till's
-- part: rows behind that place went on in a later life, with where they stood first as their `origin`.

-- 1 when the centre has said so; of the first life, that this terminal had none before. Until then it is asked.
ALTER TABLE life ADD COLUMN compared INTEGER NOT NULL DEFAULT 0;
-- The centre has the life up to here, and this database lost what is behind its last row: that is fetched back.
ALTER TABLE life ADD COLUMN returns_to INTEGER NOT NULL DEFAULT 0;

-- A fork halted the lane until now. It is asked about, and the till goes on by itself.
UPDATE lane SET halted = 0;
