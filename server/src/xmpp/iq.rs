//! Requests of a client, which all get an answer.

use super::archive;
use super::disco::{self, Target};
use super::errors::StanzaError;
use super::jid::Jid;
use super::search;
use super::session::{Client, Ended};
use super::xml::{Element, ns};

impl Client {
    pub async fn iq(&mut self, stanza: &mut Element) -> Result<Result<(), StanzaError>, Ended> {
        let (is_set, id) = match (stanza.attribute("type"), stanza.attribute("id")) {
            (Some("result" | "error"), _) => {
                self.take_answer(stanza).await;
                return Ok(Ok(()));
            }
            (Some("get"), Some(id)) => (false, id.to_owned()),
            (Some("set"), Some(id)) => (true, id.to_owned()),
            _ => return Ok(Err(StanzaError::bad_request())),
        };
        let mut children = stanza.children();
        let (Some(request), None) = (children.next(), children.next()) else {
            return Ok(Err(StanzaError::bad_request()));
        };
        let answer = match stanza.attribute("to").map(Jid::parse) {
            None => self.request(is_set, Target::Account, request).await?,
            Some(Some(jid)) if self.xmpp.is_room(&jid) => {
                self.room_request(is_set, &jid, request).await?
            }
            Some(Some(jid)) if self.xmpp.is_upload(&jid) && jid.local.is_none() => {
                let session = self.session().await?;
                self.upload_request(&session, is_set, request).await
            }
            Some(jid) => match self.target(jid).await {
                Ok(target) => self.request(is_set, target, request).await?,
                Err(error) => Err(error),
            },
        };
        let payload = match answer {
            Ok(payload) => payload,
            Err(error) => return Ok(Err(error)),
        };
        let mut answer = Element::new("iq", ns::CLIENT)
            .with("type", "result")
            .with("id", id)
            .with_some("from", stanza.attribute("to"))
            .with("to", self.full.as_str());
        payload.into_iter().for_each(|payload| answer.push(payload));
        self.send(&answer);
        Ok(Ok(()))
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
    ) -> Result<Result<Option<Element>, StanzaError>, Ended> {
        let answer = match (is_set, &*request.ns, &*request.name) {
            (false, ns::VCARD, "vCard") if target != Target::Server => {
                let session = self.session().await?;
                let uid = match target {
                    Target::Other(uid) => uid,
                    Target::Account | Target::Server => self.uid,
                };
                return Ok(self.vcard(&session, uid).await.map(Some));
            }
            (_, ns::PUBSUB, "pubsub") => {
                let session = self.session().await?;
                return Ok(self.publishing(&session, is_set, target, request).await);
            }
            // Of another user, only the card and the picture.
            _ if matches!(target, Target::Other(_)) => Err(StanzaError::service_unavailable()),
            (true, ns::VCARD, "vCard") if target == Target::Account => {
                let session = self.session().await?;
                return Ok(self.set_vcard(&session, request).await.map(|()| None));
            }
            (false, ns::PRIVATE, "query") if target == Target::Account => {
                let session = self.session().await?;
                return Ok(self.private_storage(&session, request).await.map(Some));
            }
            (false, ns::BLOCKING, "blocklist") => {
                let session = self.session().await?;
                return Ok(self.block_list(&session).await.map(Some));
            }
            (true, ns::BLOCKING, name @ ("block" | "unblock")) => {
                let session = self.session().await?;
                let changed = self.change_blocks(&session, request, name == "block");
                return Ok(changed.await.map(|()| None));
            }
            (false, ns::ROSTER, "query") => {
                let session = self.session().await?;
                return Ok(self.roster(&session).await.map(Some));
            }
            (true, ns::ROSTER, "query") => {
                let session = self.session().await?;
                return Ok(self.set_roster(&session, request).await.map(|()| None));
            }
            // Clients of RFC 3921 send it after the binding.
            (true, ns::SESSION, "session") | (false, ns::PING, "ping") => Ok(None),
            (false, ns::MAM, "query") if target == Target::Account => Ok(Some(archive::form())),
            (true, ns::MAM, "query") if target == Target::Account => {
                return Ok(self.query_archive(request).await?.map(Some));
            }
            (true, ns::CARBONS, name @ ("enable" | "disable")) => {
                self.has_carbons = name == "enable";
                Ok(None)
            }
            (false, ns::SEARCH, "query") => Ok(Some(search::question())),
            (true, ns::SEARCH, "query") => {
                let session = self.session().await?;
                return Ok(self.search(&session, request).await.map(Some));
            }
            (false, ns::REGISTER, "query") => Ok(Some(self.registration())),
            (true, ns::REGISTER, "query") => {
                let session = self.session().await?;
                let changed = self.change_password(&session, request).await;
                return Ok(changed.map(|()| None));
            }
            (false, ns::DISCO_INFO, "query") => disco::info(target, request).map(Some),
            (false, ns::DISCO_ITEMS, "query") => {
                let mut services = vec![self.xmpp.rooms()];
                if self.xmpp.services.files.limit() > 0 {
                    services.push(self.xmpp.uploads());
                }
                disco::items(target, services, request).map(Some)
            }
            (false, ns::VERSION, "query") => Ok(Some(disco::version())),
            (false, ns::TIME, "time") => Ok(Some(disco::time())),
            _ => Err(StanzaError::service_unavailable()),
        };
        Ok(answer)
    }
}
