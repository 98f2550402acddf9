CREATE TABLE friend_requests(
    sender INTEGER NOT NULL REFERENCES users,
    recipient INTEGER NOT NULL REFERENCES users,
    message TEXT NOT NULL,
    time INTEGER NOT NULL,                  -- ms
    answer INTEGER NOT NULL DEFAULT 0,      -- 0 none yet, 1 accepted, 2 declined
    answered INTEGER NOT NULL DEFAULT 0,    -- ms, if declined
    PRIMARY KEY (sender, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX friend_requests_recipient ON friend_requests(recipient, answer, time);
