-- The order of messages no longer depends on the clock.
ALTER TABLE messages RENAME COLUMN time TO id;
ALTER TABLE messages ADD COLUMN time INTEGER NOT NULL DEFAULT 0;    -- ms
UPDATE messages SET time = id;
CREATE INDEX messages_time ON messages(time);
