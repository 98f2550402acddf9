//! Forms with pictures and other files.

use super::{Generator, NASTY, Participants};

const PICTURE: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xcc\xcc\xcc\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// The first bytes of pictures of other formats.
const BEGINNINGS: &[&[u8]] = &[
    b"II\x2a\0\x08\0\0\0\x01\0\x25\x88\x04\0\x01\0\0\0\x08\0\0\0\0\0\0\0",
    b"\0\0\0\x10ftypheic\0\0\0\0\0\0\0\x0cmeta\0\0\0\0",
    b"\xff\xd8\xff\xe1\0\x08Exif\0\0",
    b"RIFF\x0c\0\0\0WEBPVP8L\0\0\0\0",
    b"",
];

impl Generator {
    /// A form with a picture, most of the time intact.
    pub(super) fn picture(&mut self, participants: &Participants) -> (String, Vec<u8>) {
        let token = &participants.own.form_id;
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"post_form_id\"\r\n\r\n{token}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a.gif\"\r\nContent-Type: image/gif\r\n\r\n"
        )
        .into_bytes();
        body.extend(PICTURE);
        self.form(body)
    }

    /// A form with a file, most of the time intact.
    pub(super) fn upload(&mut self, participants: &Participants) -> (String, Vec<u8>) {
        let token = &participants.own.form_id;
        let (number, nasty) = (self.rng.u32(..), self.pick(NASTY));
        let name = String::from_utf8_lossy(nasty).replace(['\r', '\n', '"'], "");
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"post_form_id\"\r\n\r\n{token}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"upload_id\"\r\n\r\n{number}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"{name}\"\r\n\r\n"
        )
        .into_bytes();
        let mut content = self.pick(BEGINNINGS).to_vec();
        content.extend(self.pick(&[PICTURE, nasty]));
        if self.chance(2) {
            self.scramble(&mut content);
        }
        body.extend(content);
        self.form(body)
    }

    /// Ends a form, or damages it.
    fn form(&mut self, mut body: Vec<u8>) -> (String, Vec<u8>) {
        body.extend(b"\r\n--b--\r\n");
        match self.rng.u8(..6) {
            0 => body.truncate(self.rng.usize(..body.len())),
            1 => self.scramble(&mut body),
            2 => body.extend(PICTURE.repeat(self.rng.usize(..2000))),
            _ => {}
        }
        ("multipart/form-data; boundary=b".to_owned(), body)
    }
}
