//! Which texts can be sent as one message.

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// There is no text.
    #[error("The message is empty")]
    Empty,
    /// The text is over the server's limit.
    #[error("The message has {length} characters; this server allows {limit}")]
    TooLong {
        /// Unicode scalar values of the text.
        length: usize,
        /// Unicode scalar values that are allowed.
        limit: usize,
    },
}

/// Checks the text of a message against the server's limit, in Unicode scalar values. The text may be empty only with a file.
///
/// # Errors
/// Says why the text cannot be sent.
pub fn check_message(text: &str, may_be_empty: bool, limit: usize) -> Result<(), MessageError> {
    let length = text.chars().count();
    match length {
        0 if !may_be_empty => Err(MessageError::Empty),
        _ if length > limit => Err(MessageError::TooLong { length, limit }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters() {
        assert_eq!(check_message("", false, 5), Err(MessageError::Empty));
        assert_eq!(check_message("", true, 5), Ok(()));
        assert_eq!(check_message("héllo", false, 5), Ok(()));
        let (length, limit) = (6, 5);
        let too_long = Err(MessageError::TooLong { length, limit });
        assert_eq!(check_message("héllo!", true, 5), too_long);
    }
}
