//! Requests of a client, which all get an answer.

use super::archive;
use super::disco::{self, Target};
use super::errors::StanzaError;
use super::jid::Jid;
use super::search;
use super::session::{Client, Fault};
use super::xml::{Element, ns};

impl Client {
    pub async fn iq(&mut self, stanza: &Element) -> Result<(), Fault> {
        let (is_set, id) = match (stanza.attribute("type"), stanza.attribute("id")) {
            (Some("result" | "error"), _) => {
                return Ok(self.take_answer(stanza).await?);
            }
            (Some("get"), Some(id)) => (false, id.to_owned()),
            (Some("set"), Some(id)) => (true, id.to_owned()),
            _ => return Err(StanzaError::bad_request().into()),
        };
        let mut children = stanza.children();
        let (Some(request), None) = (children.next(), children.next()) else {
            return Err(StanzaError::bad_request().into());
        };
        let payload = match stanza.attribute("to").map(Jid::parse) {
            None => self.request(is_set, Target::Account, request).await?,
            Some(Some(jid)) if self.xmpp.is_room(&jid) => {
                self.room_request(is_set, &jid, request).await?
            }
            Some(Some(jid)) if self.xmpp.is_upload(&jid) && jid.local.is_none() => {
                let session = self.session().await?;
                self.upload_request(&session, is_set, request).await?
            }
            Some(jid) => {
                let target = self.target(jid).await?;
                self.request(is_set, target, request).await?
            }
        };
        let mut answer = Element::new("iq", ns::CLIENT)
            .with("type", "result")
            .with("id", id)
            .with_some("from", stanza.attribute("to"))
            .with("to", self.full.as_str());
        payload.into_iter().for_each(|payload| answer.push(payload));
        self.send(&answer);
        Ok(())
    }

    async fn target(&self, to: Option<Jid>) -> Result<Target, StanzaError> {
        let Some(jid) = to else {
            return Err(StanzaError::new("modify", "jid-malformed", ""));
        };
        if jid.domain != self.xmpp.domain {
            Err(StanzaError::remote())
        } else if jid.local.is_none() {
            Ok(Target::Server)
        } else if jid.bare() == self.bare && jid.resource.is_none() {
            Ok(Target::Account)
        } else {
            // Nothing that others run can be asked, and who does not exist is as silent as they are.
            let found = match jid.resource {
                None => self.find(&jid).await?,
                Some(_) => None,
            };
            let uid = found.ok_or_else(StanzaError::service_unavailable)?;
            Ok(Target::Other(uid))
        }
    }

    async fn request(
        &mut self,
        is_set: bool,
        target: Target,
        request: &Element,
    ) -> Result<Option<Element>, Fault> {
        let answer = match (is_set, &*request.ns, &*request.name) {
            (false, ns::VCARD, "vCard") if target != Target::Server => {
                let session = self.session().await?;
                let uid = match target {
                    Target::Other(uid) => uid,
                    Target::Account | Target::Server => self.uid,
                };
                Some(self.vcard(&session, uid).await?)
            }
            (_, ns::PUBSUB, "pubsub") => {
                let session = self.session().await?;
                self.publishing(&session, is_set, target, request).await?
            }
            // Of another user, only the card and the picture.
            _ if matches!(target, Target::Other(_)) => {
                return Err(StanzaError::service_unavailable().into());
            }
            (true, ns::VCARD, "vCard") if target == Target::Account => {
                let session = self.session().await?;
                self.set_vcard(&session, request).await?;
                None
            }
            (false, ns::PRIVATE, "query") if target == Target::Account => {
                let session = self.session().await?;
                Some(self.private_storage(&session, request).await?)
            }
            (false, ns::BLOCKING, "blocklist") => {
                let session = self.session().await?;
                Some(self.block_list(&session).await?)
            }
            (true, ns::BLOCKING, name @ ("block" | "unblock")) => {
                let session = self.session().await?;
                let changed = self.change_blocks(&session, request, name == "block");
                changed.await?;
                None
            }
            (false, ns::ROSTER, "query") => {
                let session = self.session().await?;
                Some(self.roster(&session).await?)
            }
            (true, ns::ROSTER, "query") => {
                let session = self.session().await?;
                self.set_roster(&session, request).await?;
                None
            }
            // Clients of RFC 3921 send it after the binding.
            (true, ns::SESSION, "session") | (false, ns::PING, "ping") => None,
            (false, ns::MAM, "query") if target == Target::Account => Some(archive::form()),
            (_, ns::MAM, "prefs") if target == Target::Account => Some(archive::preferences()),
            (true, ns::MAM, "query") if target == Target::Account => {
                let session = self.session().await?;
                Some(self.query_archive(&session, request).await?)
            }
            (true, ns::CARBONS, name @ ("enable" | "disable")) => {
                self.has_carbons = name == "enable";
                None
            }
            (false, ns::SEARCH, "query") => Some(search::question()),
            (true, ns::SEARCH, "query") => {
                let session = self.session().await?;
                Some(self.search(&session, request).await?)
            }
            (false, ns::REGISTER, "query") => Some(self.registration()),
            (true, ns::REGISTER, "query") => {
                let session = self.session().await?;
                let changed = self.change_password(&session, request).await;
                changed?;
                None
            }
            (false, ns::DISCO_INFO, "query") => Some(disco::info(target, request)?),
            (false, ns::DISCO_ITEMS, "query") => {
                let mut services = vec![self.xmpp.rooms()];
                if self.xmpp.services.files.limit() > 0 {
                    services.push(self.xmpp.uploads());
                }
                Some(disco::items(target, services, request)?)
            }
            (false, ns::VERSION, "query") => Some(disco::version()),
            (false, ns::TIME, "time") => Some(disco::time()),
            _ => return Err(StanzaError::service_unavailable().into()),
        };
        Ok(answer)
    }
}
