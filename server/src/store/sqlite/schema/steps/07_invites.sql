CREATE TABLE invites(
    key BLOB PRIMARY KEY,                   -- hash of the secret in the link
    friend INTEGER REFERENCES users,        -- whose friend the new user becomes
    expires INTEGER NOT NULL                -- ms
) STRICT, WITHOUT ROWID;
