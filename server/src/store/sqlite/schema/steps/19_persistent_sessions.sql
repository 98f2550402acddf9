-- How long sessions last is a setting, so it no longer tells which ones a browser keeps when it is closed.
ALTER TABLE sessions ADD COLUMN persistent INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET persistent = 1 WHERE lasts = 7776000000;
