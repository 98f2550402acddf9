CREATE TABLE files(
    id TEXT PRIMARY KEY,                    -- random
    owner INTEGER NOT NULL REFERENCES users,
    upload_id TEXT NOT NULL,                -- the owner's id for the upload
    hash BLOB NOT NULL,                     -- of what was uploaded, and of its name
    time INTEGER NOT NULL,                  -- ms
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    mime TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    preview_width INTEGER,
    preview_height INTEGER,
    bytes INTEGER NOT NULL,                 -- on the disk, with the preview
    gone INTEGER NOT NULL DEFAULT 0         -- the content was deleted
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX files_upload ON files(owner, upload_id, hash);
CREATE INDEX files_owner ON files(owner, time, size);
CREATE INDEX files_content ON files(gone, time, bytes);

CREATE TABLE message_files(
    message INTEGER NOT NULL,
    file TEXT NOT NULL REFERENCES files,
    PRIMARY KEY (message, file)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_files_file ON message_files(file);

ALTER TABLE messages ADD COLUMN files TEXT;     -- JSON: what the item says about them
CREATE TRIGGER message_with_files_deleted AFTER DELETE ON messages WHEN old.files IS NOT NULL BEGIN
    DELETE FROM message_files WHERE message = old.id;
END;

CREATE TABLE deleted_files(                 -- whose contents are still to be deleted
    id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TRIGGER file_deleted AFTER DELETE ON files BEGIN
    INSERT OR IGNORE INTO deleted_files(id) VALUES (old.id);
END;
CREATE TRIGGER file_gone AFTER UPDATE OF gone ON files WHEN new.gone = 1 BEGIN
    INSERT OR IGNORE INTO deleted_files(id) VALUES (old.id);
END;

CREATE TABLE secrets(
    name TEXT PRIMARY KEY,
    secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;
