-- With this the server shows a client of XMPP that it knows its token. The key of such a session is made from what the client shows.
ALTER TABLE sessions ADD COLUMN proof BLOB;
