ALTER TABLE users ADD COLUMN status TEXT;
ALTER TABLE users ADD COLUMN status_time INTEGER NOT NULL DEFAULT 0;    -- ms
ALTER TABLE users ADD COLUMN created INTEGER NOT NULL DEFAULT 0;        -- ms; 0: before this was noted
