CREATE TABLE outbox(                        -- what commands have for clients of the running server
    id INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    item TEXT NOT NULL,
    time INTEGER NOT NULL                   -- ms
) STRICT;
