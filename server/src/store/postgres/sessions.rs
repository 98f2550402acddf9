//! Login sessions.

use tokio_postgres::Row;

use super::connection::Db;
use super::rows::{self, at, named, user_columns};
use super::transaction::Tx;
use crate::clock::now_ms;
use crate::store::limits::{MAX_SESSIONS, OWN_ADDRESS_FOR};
use crate::store::{Login, News, Origin, Proof, StoreError, Term};
use crate::types::{SessionKey, Uid, User};

fn key(row: &Row) -> Result<SessionKey, StoreError> {
    let key = at::<&[u8]>(row, 0)?.try_into();
    key.map(SessionKey).map_err(|_| StoreError::Failed {
        why: "the key of a session has the wrong length".to_owned(),
        advice: "",
    })
}

pub async fn session(db: &Db, key: SessionKey) -> Result<Option<(User, Term)>, StoreError> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", sessions.lasts, sessions.ends, sessions.persistent FROM sessions JOIN users ON users.uid = sessions.uid
            WHERE sessions.key = $1 AND sessions.ends > $2"
    );
    let Some(row) = db.row(sql, &[&key.0.as_slice(), &now_ms()]).await? else {
        return Ok(None);
    };
    let term = Term {
        lasts: named(&row, "lasts")?,
        end: named(&row, "ends")?,
        kept: named(&row, "persistent")?,
    };
    Ok(Some((rows::user(&row)?, term)))
}

pub async fn proof(db: &Db, key: SessionKey) -> Result<Option<(Proof, i64)>, StoreError> {
    let sql =
        "SELECT proof, created FROM sessions WHERE key = $1 AND ends > $2 AND length(proof) = 32";
    let Some(row) = db.row(sql, &[&key.0.as_slice(), &now_ms()]).await? else {
        return Ok(None);
    };
    let proof = at::<&[u8]>(&row, 0)?.try_into().ok();
    Ok(proof.zip(Some(at(&row, 1)?)))
}

pub async fn ended(db: &Db, keys: Vec<SessionKey>) -> Result<Vec<SessionKey>, StoreError> {
    let asked: Vec<&[u8]> = keys.iter().map(|key| key.0.as_slice()).collect();
    let sql = "SELECT asked.key FROM unnest($1::bytea[]) AS asked(key)
        WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.key = asked.key AND ends > $2)";
    rows::all(&db.rows(sql, &[&asked, &now_ms()]).await?, key)
}

pub async fn sessions(db: &Db, uid: Uid) -> Result<Vec<Login>, StoreError> {
    let sql =
        "SELECT key, created, address, client, ends FROM sessions WHERE uid = $1 AND ends > $2
        ORDER BY created DESC, key";
    rows::all(&db.rows(sql, &[&uid.0, &now_ms()]).await?, |row| {
        Ok(Login {
            key: key(row)?,
            created: at(row, 1)?,
            address: at(row, 2)?,
            client: at(row, 3)?,
            ends: at(row, 4)?,
        })
    })
}

pub async fn came_from(db: &Db, uid: Uid, address: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM places WHERE uid = $1 AND address = $2 AND abs($3 - time) < $4";
    db.exists(sql, &[&uid.0, &address, &now_ms(), &OWN_ADDRESS_FOR])
        .await
}

impl Tx<'_> {
    pub async fn open_session(
        &mut self,
        key: SessionKey,
        uid: Uid,
        origin: &Origin,
        term: Term,
    ) -> Result<(), StoreError> {
        let now = now_ms();
        let insert =
            "INSERT INTO sessions(key, uid, created, address, client, lasts, ends, persistent, proof)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let proof = origin.proof.as_ref().map(<[u8; 32]>::as_slice);
        self.execute(
            insert,
            &[
                &key.0.as_slice(),
                &uid.0,
                &now,
                &origin.address,
                &origin.client,
                &term.lasts,
                &term.end,
                &term.kept,
                &proof,
            ],
        )
        .await?;
        let delete = "DELETE FROM sessions WHERE key IN
            (SELECT key FROM sessions WHERE uid = $1 ORDER BY created <= $3 DESC, created DESC OFFSET $2)";
        if self.execute(delete, &[&uid.0, &MAX_SESSIONS, &now]).await? > 0 {
            self.tell_nodes(News::Ended(uid));
        }
        if let Some(address) = &origin.address {
            let place = "INSERT INTO places(uid, address, time) VALUES ($1, $2, $3)
                ON CONFLICT (uid, address) DO UPDATE SET time = $3";
            self.execute(place, &[&uid.0, address, &now]).await?;
            let forget = "DELETE FROM places WHERE uid = $1 AND abs($2 - time) >= $3";
            self.execute(forget, &[&uid.0, &now, &OWN_ADDRESS_FOR])
                .await?;
        }
        Ok(())
    }

    pub async fn renew_session(&mut self, key: SessionKey, end: i64) -> Result<(), StoreError> {
        let update = "UPDATE sessions SET ends = $2 WHERE key = $1";
        self.execute(update, &[&key.0.as_slice(), &end]).await?;
        Ok(())
    }

    pub async fn delete_ended_sessions(&mut self) -> Result<(), StoreError> {
        let delete = "DELETE FROM sessions WHERE ends <= $1";
        self.execute(delete, &[&now_ms()]).await?;
        Ok(())
    }

    pub async fn end_session(&mut self, key: SessionKey) -> Result<(), StoreError> {
        let delete = "DELETE FROM sessions WHERE key = $1 RETURNING uid";
        if let Some(row) = self.row(delete, &[&key.0.as_slice()]).await? {
            self.tell_nodes(News::Ended(Uid(at(&row, 0)?)));
        }
        Ok(())
    }

    /// Whether a user exists whose password has this hash, or any.
    pub async fn has_hash(&self, uid: Uid, hash: Option<&str>) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM users WHERE uid = $1 AND password = coalesce($2, password)";
        self.exists(sql, &[&uid.0, &hash]).await
    }

    pub async fn replace_hash(&mut self, uid: Uid, old: &str, new: &str) -> Result<(), StoreError> {
        let update = "UPDATE users SET password = $3 WHERE uid = $1 AND password = $2";
        self.execute(update, &[&uid.0, &old, &new]).await?;
        Ok(())
    }

    pub async fn set_password(
        &mut self,
        uid: Uid,
        password: &str,
        keep: Option<SessionKey>,
    ) -> Result<(), StoreError> {
        let update = "UPDATE users SET password = $2 WHERE uid = $1";
        self.execute(update, &[&uid.0, &password]).await?;
        let keep = keep.as_ref().map(|key| key.0.as_slice());
        let delete = "DELETE FROM sessions WHERE uid = $1 AND key IS DISTINCT FROM $2";
        self.execute(delete, &[&uid.0, &keep]).await?;
        self.tell_nodes(News::Ended(uid));
        Ok(())
    }
}
