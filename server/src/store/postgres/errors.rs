//! What PostgreSQL and the library for it say, as errors of the store.

use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// An error that is a sentence for the operator.
pub fn sentence(text: String) -> StoreError {
    StoreError::Unusable(text)
}

/// Why there is no connection, with what can be done about it.
pub fn refused(error: &tokio_postgres::Error, name: &str, user: &str) -> StoreError {
    let why = describe(error);
    let Some(code) = error.code() else {
        return match why.split(':').next() {
            Some("error performing TLS handshake") => sentence(format!(
                "Cannot connect to the database {name}: {why}. Check store_ca, sslmode, and the name of the host in the setting store."
            )),
            Some("invalid configuration" | "authentication error") => sentence(format!(
                "Cannot log in to the database {name}: {why}. Check the setting store, and the password in store_password_file or FBCHATD_STORE_PASSWORD."
            )),
            _ => StoreError::Away(why),
        };
    };
    if *code == SqlState::INVALID_CATALOG_NAME {
        sentence(format!(
            "There is no database {name}. Create it: createdb --encoding=UTF8 --template=template0 --owner={user} {name}"
        ))
    } else if code.code().starts_with("28") {
        sentence(format!(
            "The database {name} refuses the user {user}: {why}. Check the user in the setting store, the password in store_password_file or FBCHATD_STORE_PASSWORD, and pg_hba.conf."
        ))
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        sentence(format!(
            "The user {user} may not use the database {name}: {why}. Make them its owner, as a superuser: ALTER DATABASE {name} OWNER TO {user}"
        ))
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        StoreError::Away(format!(
            "{why}; each server needs six connections, see max_connections of PostgreSQL"
        ))
    } else {
        StoreError::Away(why)
    }
}

/// What the library says, on one line and without the values of parameters.
pub fn describe(error: &tokio_postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return db.message().to_owned();
    }
    let source = std::error::Error::source(error);
    let text = match source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    text.trim_end_matches('.').to_owned()
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let why = describe(&error);
        let Some(code) = error.code() else {
            // The values of a row have the types of its columns; everything else is the network.
            return match error.is_closed() {
                true => StoreError::Away(why),
                false => StoreError::Failed { why, advice: "" },
            };
        };
        let advice = match code.code() {
            // Connections and their limits, shutdowns, a standby, and a lock that somebody else holds for too long.
            "25006" | "25P03" | "53300" | "55P03" => return StoreError::Away(why),
            other if other.starts_with("08") || other.starts_with("57P") => {
                return StoreError::Away(why);
            }
            "53100" => " Make room on the disk of PostgreSQL; the server then continues by itself.",
            _ => "",
        };
        StoreError::Failed { why, advice }
    }
}
