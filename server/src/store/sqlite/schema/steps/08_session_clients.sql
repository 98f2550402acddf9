ALTER TABLE sessions ADD COLUMN client TEXT NOT NULL DEFAULT '';    -- what it called itself
