CREATE TABLE friend_lists(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL REFERENCES users,
    name TEXT NOT NULL
) STRICT;
CREATE INDEX friend_lists_owner ON friend_lists(owner);

CREATE TABLE friend_list_members(
    list INTEGER NOT NULL REFERENCES friend_lists ON DELETE CASCADE,
    uid INTEGER NOT NULL REFERENCES users,
    PRIMARY KEY (list, uid)
) STRICT, WITHOUT ROWID;
