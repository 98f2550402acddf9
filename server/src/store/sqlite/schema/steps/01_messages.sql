CREATE TABLE users(
    uid INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,             -- lower case
    name TEXT NOT NULL,
    password TEXT NOT NULL,                 -- PHC string
    visible INTEGER NOT NULL DEFAULT 1,
    seq INTEGER NOT NULL DEFAULT 1,         -- numbers from here on were never used
    acked INTEGER NOT NULL DEFAULT 1        -- everything below has been fetched
) STRICT;
CREATE INDEX users_local_part ON users(substr(email, 1, instr(email, '@') - 1));
INSERT INTO sqlite_sequence(name, seq) VALUES ('users', 100000);

CREATE TABLE friends(
    uid INTEGER NOT NULL REFERENCES users,
    friend INTEGER NOT NULL REFERENCES users,
    PRIMARY KEY (uid, friend)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions(
    key BLOB PRIMARY KEY,                   -- hash of the cookie xs
    uid INTEGER NOT NULL REFERENCES users,
    created INTEGER NOT NULL                -- ms
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_uid ON sessions(uid, created);

CREATE TABLE messages(
    time INTEGER PRIMARY KEY,               -- ms, unique, rising
    sender INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    msg_id TEXT NOT NULL,
    client_time INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX messages_id ON messages(sender, msg_id);
CREATE INDEX messages_pair ON messages(sender, recipient, time);

CREATE TABLE deliveries(
    owner INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (owner, seq)
) STRICT, WITHOUT ROWID;
