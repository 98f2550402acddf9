-- Everybody has a user name.
ALTER TABLE users ADD COLUMN username TEXT;
ALTER TABLE users ADD COLUMN username_key TEXT;     -- the same for names that people confuse
CREATE UNIQUE INDEX users_username ON users(username_key);
CREATE TABLE former_usernames(                      -- which nobody else gets for a while
    key INTEGER PRIMARY KEY,                        -- hash of the username_key, so that the name itself is gone
    uid INTEGER NOT NULL REFERENCES users,
    time INTEGER NOT NULL                           -- of the change, ms
) STRICT;
CREATE INDEX former_usernames_uid ON former_usernames(uid);
