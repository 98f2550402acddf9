CREATE TABLE name_words(                    -- the words of all names in lower case, for searches
    word TEXT NOT NULL,
    uid INTEGER NOT NULL,
    PRIMARY KEY (word, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_words_uid ON name_words(uid);
CREATE INDEX users_name ON users(name);

ALTER TABLE messages ADD COLUMN text_hash INTEGER;  -- tells messages with the same msg_id apart
DROP INDEX messages_id;
CREATE UNIQUE INDEX messages_id ON messages(sender, msg_id, recipient, text_hash);
