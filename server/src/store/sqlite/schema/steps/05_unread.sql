CREATE TABLE unread(                        -- conversations with messages that their owner has not read
    owner INTEGER NOT NULL,
    peer INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    time INTEGER NOT NULL,                  -- of the last of them, ms
    PRIMARY KEY (owner, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor INTEGER NOT NULL REFERENCES users,
    time INTEGER NOT NULL,                  -- ms
    seen INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX notifications_owner ON notifications(owner, id);
