//! Uploading files (XEP-0363), and links to them (XEP-0066). A message that consists only of the link to a file that its sender has uploaded
//! has the file as its attachment.

use super::Xmpp;
use super::disco;
use super::errors::StanzaError;
use super::forms;
use super::jid::Jid;
use super::session::Client;
use super::xml::{Element, ns};
use crate::attachment::{Attachment, FileId, Listed, PREVIEW, escaped, text_with_links};
use crate::service::files::FileError;
use crate::types::Session;

/// The longest name of a file, in bytes.
const NAME: usize = 255;

impl From<FileError> for StanzaError {
    fn from(error: FileError) -> Self {
        let text = error.to_string();
        match error {
            FileError::TooLarge(mib) => {
                let bytes = u64::from(mib) << 20;
                let limit = Element::new("max-file-size", ns::UPLOAD).text(bytes.to_string());
                let detail = Element::new("file-too-large", ns::UPLOAD).child(limit);
                StanzaError {
                    detail: Some(Box::new(detail)),
                    ..Self::new("modify", "not-acceptable", text)
                }
            }
            FileError::Off => Self::new("cancel", "not-allowed", text),
            FileError::DayUsedUp(_) | FileError::TotalUsedUp | FileError::TooOften(_) => {
                Self::new("wait", "resource-constraint", text)
            }
            FileError::Store(error) => error.into(),
            FileError::Disk => Self::new("wait", "internal-server-error", text),
            _ => Self::new("modify", "bad-request", text),
        }
    }
}

impl Xmpp {
    /// The address of the service for uploads.
    pub fn uploads(&self) -> String {
        format!("upload.{}", self.domain)
    }

    /// Whether an address is the one of the service for uploads.
    pub fn is_upload(&self, jid: &Jid) -> bool {
        jid.domain.strip_prefix("upload.") == Some(&self.domain)
    }

    /// The text of a message with links to its files.
    pub fn text(&self, text: &str, files: &[Listed]) -> String {
        if let ("", [file]) = (text, files) {
            // Clients show a file in place of a text that consists only of its link.
            return self.link_to(file);
        }
        let files: Vec<_> = files.iter().cloned().map(Attachment::from).collect();
        text_with_links(text, &files, |id, path| self.link(id, path))
    }

    /// The links to the files of a message, apart from the text.
    pub fn links(&self, files: &[Listed]) -> Vec<Element> {
        let links = files.iter().map(|file| {
            Element::new("x", ns::OOB).child(Element::new("url", ns::OOB).text(self.link_to(file)))
        });
        links.collect()
    }

    fn link_to(&self, file: &Listed) -> String {
        let file = Attachment::from(file.clone());
        self.link(&file.id, &file.path())
    }

    /// The file to which a text is a link that this server has made.
    pub fn linked_file(&self, text: &str) -> Option<FileId> {
        let path = text.strip_prefix(&self.origin())?.strip_prefix("/files/")?;
        let (path, key) = path.split_once("?key=")?;
        let (id, name) = path.split_once('/')?;
        let id = id.parse().ok().filter(|_| !name.contains('/'))?;
        self.services.files.is_valid(&id, key).then_some(id)
    }
}

impl Client {
    /// Answers a request to the service for uploads.
    pub async fn upload_request(
        &self,
        session: &Session,
        is_set: bool,
        request: &Element,
    ) -> Result<Option<Element>, StanzaError> {
        let files = &self.xmpp.services.files;
        match (is_set, &*request.ns, &*request.name) {
            (false, ns::UPLOAD, "request") => self.slot(session, request).await.map(Some),
            (false, ns::DISCO_INFO, "query") => {
                disco::no_node(request)?;
                let limit = forms::filled("max-file-size", files.limit().to_string());
                let form = forms::form("result", ns::UPLOAD).child(limit);
                let identity = disco::identity("store", "file", "Files");
                Ok(Some(
                    disco::about(identity, &[ns::DISCO_INFO, ns::UPLOAD]).child(form),
                ))
            }
            (false, ns::DISCO_ITEMS, "query") => {
                disco::no_node(request)?;
                Ok(Some(Element::new("query", ns::DISCO_ITEMS)))
            }
            (false, ns::PING, "ping") => Ok(None),
            _ => Err(StanzaError::service_unavailable()),
        }
    }

    async fn slot(&self, session: &Session, request: &Element) -> Result<Element, StanzaError> {
        let name = request.attribute("filename").unwrap_or_default();
        let size = request
            .attribute("size")
            .and_then(|size| size.trim().parse().ok());
        let (false, Some(size)) = (name.is_empty() || name.len() > NAME, size) else {
            let text = format!("Give the file a name of up to {NAME} bytes, and its size.");
            return Err(StanzaError::new("modify", "bad-request", text));
        };
        let (id, key) = self.xmpp.services.files.slot(session, size).await?;
        // Only the id counts, but it must not be the path of the preview.
        let safe = if name == PREVIEW { "_" } else { "" };
        let path = format!("/files/{id}/{safe}{}", escaped(name));
        let put = format!("{}{path}?slot={key}", self.xmpp.origin());
        let get = self.xmpp.link(&id, &path);
        let part =
            |name: &'static str, url: String| Element::new(name, ns::UPLOAD).with("url", url);
        Ok(Element::new("slot", ns::UPLOAD)
            .child(part("put", put))
            .child(part("get", get)))
    }
}
