//! What users show of themselves, and searching for them.

use std::collections::BTreeSet;

use super::connection::Db;
use super::friendships;
use super::rows::{self, at, user_columns};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::{News, Relation, StoreError};
use crate::text::search_key;
use crate::types::{Uid, User};
use crate::username::key;

/// The most entries of the index that a search reads. If more fit, enough users do, so that going through all of them in the order
/// of their names soon finds as many as are wanted.
const INDEXED: i64 = 1000;
/// How many users are read at a time when going through all of them.
const PAGE: i64 = 1000;

pub async fn picture(db: &Db, uid: Uid, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
    if hash.contains('\0') {
        return Ok(None);
    }
    let sql = "SELECT bytes FROM pictures JOIN users USING (uid) WHERE uid = $1 AND picture = $2";
    let found = db.row(sql, &[&uid.0, &hash]).await?;
    found.map(|row| at(&row, 0)).transpose()
}

/// `exact`, an address or a user name, is in lower case.
pub async fn search(
    db: &Db,
    own: Uid,
    text: &str,
    exact: &str,
    limit: usize,
) -> Result<Vec<(User, Relation)>, StoreError> {
    // PostgreSQL has no such texts, and refuses to look for them.
    if text.contains('\0') {
        return Ok(Vec::new());
    }
    let key = search_key(text);
    let words: Vec<_> = key.split_whitespace().collect();
    // Names are compared here, by the same rules as with other stores.
    let matches = |user: &User| {
        let name = search_key(&user.name);
        let begins = |word: &&str| name.split_whitespace().any(|part| part.starts_with(*word));
        words.iter().all(begins)
    };
    let mut rarest = None;
    for word in &words {
        let entries = count_indexed(db, word).await?;
        if entries <= INDEXED && rarest.is_none_or(|(fewest, _)| entries < fewest) {
            rarest = Some((entries, *word));
        }
    }
    let mut found = find_exactly(db, exact).await?;
    let known: Vec<_> = found.iter().map(|user| user.uid).collect();
    let matches = |user: &User| !known.contains(&user.uid) && matches(user);
    found.extend(match rarest {
        Some((_, word)) => search_index(db, word, limit, matches).await?,
        None => search_all(db, limit, matches).await?,
    });
    found.truncate(limit);
    let mut related = Vec::new();
    for user in found {
        let relation = friendships::relation(db, own, user.uid).await?;
        related.push((user, relation));
    }
    Ok(related)
}

fn end_of(word: &str) -> String {
    format!("{word}{}", char::MAX)
}

/// How many entries of the index begin with a word, up to one more than [`INDEXED`].
async fn count_indexed(db: &Db, word: &str) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM name_words WHERE word >= $1 AND word < $2 LIMIT $3) AS found";
    db.number(sql, &[&word, &end_of(word), &(INDEXED + 1)])
        .await
}

/// Those with this address or user name.
async fn find_exactly(db: &Db, text: &str) -> Result<Vec<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE email = $1 OR (username_key = $2 AND username = $1)"
    );
    rows::all(&db.rows(sql, &[&text, &key(text)]).await?, rows::user)
}

async fn search_index(
    db: &Db,
    word: &str,
    limit: usize,
    matches: impl Fn(&User) -> bool,
) -> Result<Vec<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE uid IN (SELECT uid FROM name_words WHERE word >= $1 AND word < $2)"
    );
    let users = db.rows(sql, &[&word, &end_of(word)]).await?;
    let mut found = rows::all(&users, rows::user)?;
    found.retain(matches);
    found.sort_by(|a, b| (&a.name, a.uid).cmp(&(&b.name, b.uid)));
    found.truncate(limit);
    Ok(found)
}

async fn search_all(
    db: &Db,
    limit: usize,
    matches: impl Fn(&User) -> bool,
) -> Result<Vec<User>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        " FROM users WHERE (name, uid) > ($1, $2) ORDER BY name, uid LIMIT $3"
    );
    let mut found = Vec::new();
    let (mut name, mut uid) = (String::new(), i64::MIN);
    loop {
        let page = db.rows(sql, &[&name, &uid, &PAGE]).await?;
        let users = rows::all(&page, rows::user)?;
        let Some(last) = users.last() else {
            return Ok(found);
        };
        (name, uid) = (last.name.clone(), last.uid.0);
        found.extend(users.into_iter().filter(&matches));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

impl Tx<'_> {
    /// Enters the words of a name into the index for searches.
    pub async fn index_name(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM name_words WHERE uid = $1", &[&uid.0])
            .await?;
        let name = search_key(name);
        let words: BTreeSet<&str> = name.split_whitespace().collect();
        let words: Vec<&str> = words.into_iter().collect();
        let insert = "INSERT INTO name_words(word, uid) SELECT word, $2 FROM unnest($1::text[]) AS words(word)";
        self.execute(insert, &[&words, &uid.0]).await?;
        Ok(())
    }

    pub async fn set_name(&mut self, uid: Uid, name: &str) -> Result<(), StoreError> {
        let update = "UPDATE users SET name = $2 WHERE uid = $1";
        if self.execute(update, &[&uid.0, &name]).await? > 0 {
            self.index_name(uid, name).await?;
        }
        Ok(())
    }

    pub async fn set_status(&mut self, uid: Uid, text: Option<&str>) -> Result<i64, StoreError> {
        let now = now_ms();
        let update = "UPDATE users SET status = $2, status_time = $3 WHERE uid = $1";
        self.execute(update, &[&uid.0, &text, &now]).await?;
        Ok(now)
    }

    pub async fn set_picture(
        &mut self,
        uid: Uid,
        picture: Option<&(String, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let hash = if let Some((hash, bytes)) = picture {
            let insert = "INSERT INTO pictures(uid, bytes) VALUES ($1, $2) ON CONFLICT (uid) DO UPDATE SET bytes = $2";
            self.execute(insert, &[&uid.0, bytes]).await?;
            Some(hash)
        } else {
            self.execute("DELETE FROM pictures WHERE uid = $1", &[&uid.0])
                .await?;
            None
        };
        let update = "UPDATE users SET picture = $2 WHERE uid = $1";
        self.execute(update, &[&uid.0, &hash]).await?;
        Ok(())
    }

    pub async fn replace_picture(
        &mut self,
        uid: Uid,
        old: &str,
        picture: Option<&(String, Vec<u8>)>,
    ) -> Result<bool, StoreError> {
        let current = "SELECT 1 FROM users WHERE uid = $1 AND picture = $2";
        let current = self.exists(current, &[&uid.0, &old]).await?;
        if current {
            self.set_picture(uid, picture).await?;
        }
        Ok(current)
    }

    pub async fn set_visible(&mut self, uid: Uid, visible: bool) -> Result<(), StoreError> {
        let update = "UPDATE users SET visible = $2 WHERE uid = $1";
        self.execute(update, &[&uid.0, &visible]).await?;
        self.tell_nodes(News::Visible(uid, visible));
        if !visible {
            self.hide(uid).await?;
        }
        Ok(())
    }
}
