//! Several messages in one post.

use serde_json::{Value, json};
use testkit::{Client, Server, accounts};

fn post(from: &Client, messages: &Value) -> Value {
    let form = [("messages", messages.to_string())];
    let form = form.each_ref().map(|(name, text)| (*name, text.as_str()));
    from.write("/ajax/fbchat/send.php", &form)
}

fn message(to: i64, id: usize, text: &str) -> Value {
    json!({"to": to, "msg_id": id.to_string(), "msg_text": text})
}

fn errors(answer: &Value) -> Vec<i64> {
    let results = answer["payload"]["results"].as_array();
    let results = results.unwrap_or_else(|| panic!("{answer}")).iter();
    results
        .map(|result| result["error"].as_i64().unwrap())
        .collect()
}

fn serve(burst: &str) -> (tempfile::TempDir, Server, Client, Client) {
    let dir = tempfile::tempdir().unwrap();
    accounts(dir.path());
    let mut command = Server::command(dir.path());
    let server = Server::start(command.env("FBCHATD_MESSAGE_BURST", burst));
    let ann = Client::login(&server, "ann", "secret");
    let ben = Client::login(&server, "ben", "secret");
    (dir, server, ann, ben)
}

#[test]
fn messages_of_one_post_arrive_once_in_their_order_and_each_has_its_result() {
    let (_dir, _server, ann, ben) = serve("5000");
    let seq = ben.seq();
    let mut messages: Vec<_> = (0..100)
        .map(|n| message(ben.uid, n, &format!("text {n}")))
        .collect();
    messages[40] = message(12_345, 40, "to a stranger");
    messages[60]["msg_id"] = "no number".into();
    messages[70] = message(ann.uid, 70, "to oneself");
    messages[80]["attachments"] = json!(["no file"]);
    let messages = Value::from(messages);
    let mut wanted = vec![0; 100];
    (wanted[40], wanted[60], wanted[80]) = (1_356_003, 1_356_004, 1_357_005);
    // The answer to the first post may have been lost.
    for _ in 0..2 {
        let answer = post(&ann, &messages);
        assert_eq!(errors(&answer), wanted, "{answer}");
    }
    let mut texts = Vec::new();
    ben.wait_for(seq, |item| {
        if item["type"] == "msg" {
            texts.push(item["msg"]["text"].as_str().unwrap().to_owned());
        }
        item["msg"]["msgID"] == "99"
    });
    let others = (0..100).filter(|n| ![40, 60, 70, 80].contains(n));
    assert_eq!(
        texts,
        others.map(|n| format!("text {n}")).collect::<Vec<_>>()
    );
}

#[test]
fn what_cannot_be_read_is_refused_as_a_whole() {
    let (_dir, _server, ann, ben) = serve("5000");
    for wrong in [json!({}), json!([1]), json!([{"to": ben.uid}]), json!("")] {
        assert_eq!(post(&ann, &wrong)["error"], 1_356_004, "{wrong}");
    }
    let many: Vec<_> = (0..101).map(|n| message(ben.uid, n, "x")).collect();
    assert_eq!(post(&ann, &many.into())["error"], 1_357_005);
    assert!(errors(&post(&ann, &json!([]))).is_empty());
    let form = [("messages", "[]"), ("post_form_id", "wrong")];
    let answer = testkit::json(ann.post("/ajax/fbchat/send.php", &form));
    assert_eq!(answer["error"], 1_357_004);
}

#[test]
fn results_end_with_the_message_that_came_too_fast() {
    let (_dir, _server, ann, ben) = serve("10");
    let messages: Vec<_> = (0..50).map(|n| message(ben.uid, n, "x")).collect();
    let answer = post(&ann, &messages.into());
    let found = errors(&answer);
    let (last, sent) = found.split_last().unwrap();
    assert_eq!(*last, 1_356_008, "{answer}");
    assert!(
        sent.len() >= 10 && sent.iter().all(|error| *error == 0),
        "{answer}"
    );
}
