CREATE TABLE blocks(
    id INTEGER PRIMARY KEY,
    uid INTEGER NOT NULL REFERENCES users,
    blocked INTEGER NOT NULL REFERENCES users,
    poked INTEGER NOT NULL DEFAULT 0        -- when the last poke of the blocked user was dropped, ms
) STRICT;
CREATE UNIQUE INDEX blocks_pair ON blocks(blocked, uid);
CREATE INDEX blocks_uid ON blocks(uid);
