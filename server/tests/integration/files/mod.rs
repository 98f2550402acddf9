//! Files that people send: who gets them and how, what is left of pictures, and what is left of uploads that fail. What is removed from
//! pictures of each format is tried in `server/src/service/files/tests.rs`.

mod failures;
mod interrupted;
mod keeping;
mod pictures;
mod sending;

use std::path::{Path, PathBuf};

use reqwest::blocking::Response;
use serde_json::Value;
use testkit::{Client, Server, json, run};

/// The body of an upload, and its media type.
fn form(client: &Client, upload_id: &str, name: &str, content: &[u8]) -> (Vec<u8>, &'static str) {
    let field = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let fields = field("post_form_id", &client.form_id) + &field("upload_id", upload_id) + &head;
    let body = [fields.as_bytes(), content, b"\r\n--B--\r\n"].concat();
    (body, "multipart/form-data; boundary=B")
}

fn upload(client: &Client, upload_id: &str, name: &str, content: &[u8]) -> Value {
    let (body, media_type) = form(client, upload_id, name, content);
    let request = client
        .http
        .post(format!("{}/ajax/messaging/upload.php", client.url))
        .header("Cookie", &client.cookie)
        .header("Content-Type", media_type);
    json(request.body(body).send().unwrap())
}

/// Uploads what is accepted; returns what the server says about it.
#[track_caller]
fn uploaded(client: &Client, upload_id: &str, name: &str, content: &[u8]) -> Value {
    let answer = upload(client, upload_id, name, content);
    assert_eq!(answer["error"], 0, "{answer}");
    answer["payload"].clone()
}

/// Uploads what is refused; returns the sentence for the user.
#[track_caller]
fn refused(client: &Client, upload_id: &str, content: &[u8]) -> String {
    let answer = upload(client, upload_id, "x", content);
    assert_ne!(answer["error"], 0, "{answer}");
    answer["errorDescription"].as_str().unwrap().to_owned()
}

fn id(file: &Value) -> &str {
    file["file_id"].as_str().unwrap()
}

fn send(client: &Client, msg_id: &str, to: i64, text: &str, files: &[&str]) -> Value {
    let to = to.to_string();
    let mut fields = vec![("to", &*to), ("msg_id", msg_id), ("msg_text", text)];
    let names: Vec<_> = (0..files.len())
        .map(|at| format!("attachments[{at}]"))
        .collect();
    fields.extend(names.iter().map(String::as_str).zip(files.iter().copied()));
    client.write("/ajax/chat/send.php", &fields)
}

/// Uploads a file and sends it; returns its number.
#[track_caller]
pub(super) fn sent(client: &Client, number: &str, to: i64, name: &str, content: &[u8]) -> String {
    let file = uploaded(client, number, name, content);
    let answer = send(client, number, to, "", &[id(&file)]);
    assert_eq!(answer["error"], 0, "{answer}");
    id(&file).to_owned()
}

/// A server with Ann and Ben, who are friends.
fn served(dir: &Path, settings: &[(&str, &str)]) -> (Server, Client, Client) {
    if !run(&["user", "list"], dir, "").status.success() {
        testkit::accounts(dir);
    }
    let mut command = Server::command(dir);
    let server = Server::start(command.envs(settings.iter().copied()));
    let ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    (server, ann, ben)
}

fn get(client: &Client, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = client.http.get(format!("{}{path}", client.url));
    request = request.header("Cookie", &client.cookie);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().unwrap()
}

/// Somebody who only knows where the server is.
fn without_login(client: &Client) -> Client {
    let mut nobody = client.clone();
    nobody.cookie.clear();
    nobody
}

/// Everything that is stored of files below a data directory.
fn stored(data: &Path) -> Vec<PathBuf> {
    let shelves = data.join("files").read_dir().unwrap();
    let mut files: Vec<_> = shelves
        .flat_map(|shelf| shelf.unwrap().path().read_dir().unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

/// A PNG with many colours.
fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([x, y, x * y].map(|value| value.to_le_bytes()[0]))
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    file.into_inner()
}
