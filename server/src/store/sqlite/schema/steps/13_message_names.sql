-- A message keeps the names that the two had, so that its item never changes.
ALTER TABLE messages ADD COLUMN sender_name TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN recipient_name TEXT NOT NULL DEFAULT '';
UPDATE messages SET sender_name = coalesce((SELECT name FROM users WHERE uid = sender), ''),
    recipient_name = coalesce((SELECT name FROM users WHERE uid = recipient), '');
