-- Pictures are stored as they were rendered, with nothing hidden in them. The server renders those of earlier versions.
ALTER TABLE pictures RENAME TO unrendered_pictures;
CREATE TABLE pictures(
    uid INTEGER PRIMARY KEY REFERENCES users,
    bytes BLOB NOT NULL
) STRICT;
