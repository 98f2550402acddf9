-- ACCOUNTS accounts with the password "secret", and their friendships. Not by `fbchatd user add`: hashing the passwords would
-- take longer than the whole benchmark. They are hashed as cheaply as argon2id allows; otherwise logins would measure argon2id
-- only.
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ACCOUNTS - 1)
INSERT INTO users(uid, email, name, password)
	SELECT 200000 + n, 'user' || n || '@example.org', 'User Number ' || n,
		'$argon2id$v=19$m=8,t=1,p=1$YmVuY2htYXJr$ce9gs9To7x/NNZGo/5mM7e9AT3KmF3kPubnbR4zjtWY' FROM numbers;

-- Each even one with the one that follows.
INSERT INTO friends(uid, friend)
	SELECT uid, uid + 1 - 2 * (uid % 2) FROM users WHERE uid >= 200000;

-- The words of their names, for searches.
INSERT INTO name_words(word, uid)
	SELECT word, uid FROM users, (SELECT 'user' AS word UNION SELECT 'number') WHERE uid >= 200000
	UNION ALL SELECT uid - 200000, uid FROM users WHERE uid >= 200000;
