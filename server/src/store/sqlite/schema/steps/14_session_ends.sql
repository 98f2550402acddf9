-- Sessions end when they are not used.
ALTER TABLE sessions ADD COLUMN lasts INTEGER NOT NULL DEFAULT 2592000000;  -- ms after each use
ALTER TABLE sessions ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;            -- ms
UPDATE sessions SET ends = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + lasts;
CREATE INDEX sessions_ends ON sessions(ends);
