ALTER TABLE sessions ADD COLUMN address TEXT;
CREATE TABLE places(                        -- addresses from which people have logged in
    uid INTEGER NOT NULL REFERENCES users,
    address TEXT NOT NULL,
    time INTEGER NOT NULL,                  -- of the last time, ms
    PRIMARY KEY (uid, address)
) STRICT, WITHOUT ROWID;
