-- From this come ids that nobody can guess. It is in backups, so they stay the same.
INSERT INTO secrets VALUES ('archive', randomblob(32));
