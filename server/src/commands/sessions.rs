//! `fbchatd session`

use super::Failure;
use super::output::print;
use super::store::{find, open_existing};
use crate::cli::Session;
use crate::secrets::session_id;

/// `fbchatd session …`
pub async fn session(command: Session) -> Result<(), Failure> {
    match command {
        Session::List { email, place } => {
            let store = open_existing(&place)?;
            let users = match email {
                Some(email) => vec![find(&store, &email).await?],
                None => store.users().await?,
            };
            for user in users {
                for login in store.sessions(user.uid).await? {
                    print(format!(
                        "{}\t{}\t{}\t{}\t{}\t{}",
                        session_id(login.key),
                        user.email,
                        login.created,
                        login.address.as_deref().unwrap_or("-"),
                        login.ends,
                        login.client
                    ))?;
                }
            }
        }
        Session::Revoke {
            email,
            id,
            all,
            place,
        } => {
            let store = open_existing(&place)?;
            let user = find(&store, &email).await?;
            let chosen = |login_id: String| all || id.as_ref() == Some(&login_id);
            let mut ended = 0;
            for login in store.sessions(user.uid).await? {
                if chosen(session_id(login.key)) {
                    store.end_session(login.key).await?;
                    ended += 1;
                }
            }
            store.close().await?;
            if ended == 0 && !all {
                let text = "`fbchatd session list` shows all.";
                return Err(format!("{} has no such session. {text}", user.email).into());
            }
            print(format!("ended {ended} of the sessions of {}", user.email))?;
        }
    }
    Ok(())
}
