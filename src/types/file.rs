//! Files that people send with messages, and pictures among them.

#![forbid(unsafe_code)]

/// Maximum number of bytes of a download into memory.
pub const MAX_DOWNLOAD: usize = 8 << 20;

c_enum! {
    /// What a file is; the values of FBCHAT_FIELD_FILE_KIND.
    pub enum FileKind as fbchat_file_kinds {
        /// A picture, of which the server has a preview.
        Photo = 1 => FBCHAT_FILE_PHOTO,
        /// Any other file.
        Other = 2 => FBCHAT_FILE_OTHER,
    }
}

/// A file on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its id, for calls.
    pub id: String,
    /// Its name, one line without directories; empty if it is not known.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is.
    pub kind: FileKind,
    /// The media type that the server has detected; or empty.
    pub content_type: String,
    /// Where the user can open it in a browser; absolute.
    pub url: String,
    /// Width of a picture as it is shown; 0 if unknown.
    pub width: u32,
    /// Height of a picture as it is shown; 0 if unknown.
    pub height: u32,
}

/// Where a download goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownloadTarget {
    /// Into memory: the file, or its preview, of at most so many bytes.
    Memory {
        /// The preview in place of the file.
        preview: bool,
        /// Maximum number of bytes.
        limit: usize,
    },
    /// To the host as it arrives.
    Host,
}

/// True if a text can be the id of a file. Ids become part of URLs.
pub fn is_file_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
