-- Group conversations. Their numbers are greater than those of users.
CREATE TABLE chat_groups(
    gid INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    creator INTEGER NOT NULL,
    create_id TEXT NOT NULL,                -- the creator's id for the call
    create_hash INTEGER NOT NULL            -- of the name and the members in it
) STRICT;
CREATE UNIQUE INDEX chat_groups_creation ON chat_groups(creator, create_id, create_hash);
INSERT INTO sqlite_sequence(name, seq) VALUES ('chat_groups', 999999999);

CREATE TABLE group_members(                 -- one for each time that somebody is in a group
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- in the order of joining; the first of the members is the owner
    gid INTEGER NOT NULL REFERENCES chat_groups,
    uid INTEGER NOT NULL REFERENCES users,
    first_message INTEGER NOT NULL,         -- the first message that they get
    last_message INTEGER,                   -- the last one, if they are no member any more
    left_time INTEGER,                      -- when they left, if nobody removed them; ms
    read_message INTEGER NOT NULL,          -- the last one that they have read
    muted INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX group_members_current ON group_members(gid, uid) WHERE last_message IS NULL;
CREATE INDEX group_members_gid ON group_members(gid, uid);
CREATE INDEX group_members_uid ON group_members(uid);

ALTER TABLE messages ADD COLUMN notice TEXT;    -- what was done with the group, and the numbers of those concerned
CREATE INDEX messages_group ON messages(recipient, id) WHERE recipient >= 1000000000;
