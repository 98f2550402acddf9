ALTER TABLE users ADD COLUMN picture TEXT;  -- hash of the picture, which is part of its URL
CREATE TABLE pictures(
    uid INTEGER PRIMARY KEY REFERENCES users,
    bytes BLOB NOT NULL
) STRICT;
