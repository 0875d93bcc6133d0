-- Entries that tell changes once more because their bytes were not right when they were told first. They say no new effect:
-- whoever follows the feed to count what was applied passes them over.
SET LOCAL ROLE tillsync_migrator;
SET LOCAL search_path = tillsync;
ALTER TABLE feed_entry ADD COLUMN again boolean NOT NULL DEFAULT false;
