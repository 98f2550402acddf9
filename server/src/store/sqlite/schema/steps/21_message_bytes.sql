-- What the messages of each sender take on the disk: their texts, and about 256 bytes for the rest of each and its index entries.
ALTER TABLE users ADD COLUMN message_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE users SET message_bytes =
    (SELECT coalesce(sum(length(CAST(text AS BLOB)) + 256), 0) FROM messages WHERE sender = users.uid);
CREATE TRIGGER message_added AFTER INSERT ON messages BEGIN
    UPDATE users SET message_bytes = message_bytes + length(CAST(new.text AS BLOB)) + 256 WHERE uid = new.sender;
END;
CREATE TRIGGER message_deleted AFTER DELETE ON messages BEGIN
    UPDATE users SET message_bytes = message_bytes - length(CAST(old.text AS BLOB)) - 256 WHERE uid = old.sender;
END;
