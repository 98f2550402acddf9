//! What servers answer.

use fbchat::protocol::{Exchange, Method, Reply};

const LOGIN: &str = r#"<form action="/login.php" method="post"><input type="hidden" name="lsd" value="tok"/><input name="email"/><input type="password" name="pass"/></form>"#;
const CHAT: &str = r#"<meta name="fbchat" content="{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,&quot;message_limit&quot;:50,&quot;resume&quot;:true,&quot;friends&quot;:true,&quot;pictures&quot;:true,&quot;status&quot;:true,&quot;profile&quot;:true,&quot;search&quot;:true,&quot;notifications&quot;:true,&quot;history&quot;:true,&quot;poke&quot;:true,&quot;name&quot;:true,&quot;password&quot;:true,&quot;registration&quot;:&quot;open&quot;}" />
<input type="hidden" id="post_form_id" name="post_form_id" value="abc123"/> new Presence("2", "x"); iframeLoad("/iframe/7.js", "channel07", 443)"#;

/// What a server answers that works.
pub fn good(exchange: &Exchange, unix: i64) -> Reply {
    let path = exchange.url.path();
    let ok = |body: String| Reply {
        status: 200,
        body: body.into_bytes(),
        ..Reply::default()
    };
    let payload = |json: &str| ok(format!(r#"for (;;);{{"error":0,"payload":{json}}}"#));
    match path {
        "/login.php" if exchange.method == Method::Post => Reply {
            status: 302,
            set_cookie: vec![
                "c_user=2; path=/".to_owned(),
                "xs=secret; path=/".to_owned(),
            ],
            location: Some("/home.php".to_owned()),
            ..Reply::default()
        },
        "/login.php" => ok(LOGIN.to_owned()),
        "/presence/popout.php" | "/home.php" => ok(CHAT.to_owned()),
        "/ajax/presence/update.php" | "/ajax/chat/buddy_list.php" => payload(&format!(
            r#"{{"buddy_list":{{"listChanged":true,"availableCount":1,"nowAvailableList":{{"1":{{"i":false}}}},"userInfos":{{"1":{{"name":"One","thumbSrc":"/pics/q1_0.jpg"}},"2":{{"name":"Two"}},"3":{{"name":"Three"}}}},"forcedRender":true}},"time":{unix}}}"#
        )),
        "/ajax/presence/reconnect.php" => payload(
            r#"{"user_channel":"p_2","host":"channel07","port":443,"seq":5,"visibility":true}"#,
        ),
        "/ajax/chat/history.php" => payload(&format!(
            r#"{{"history":[{{"type":"msg","from":1,"to":2,"time":{unix},"msg":{{"text":"before","time":{unix},"msgID":"7"}}}}],"more":false}}"#
        )),
        "/ajax/fbchat/profile.php" => payload(
            r#"{"uid":1,"name":"One","firstName":"O","thumbSrc":"/pics/q1_1.jpg","relation":"friend","status":"here","statusTime":1227000000,"memberSince":1}"#,
        ),
        "/ajax/fbchat/search.php" => {
            payload(r#"{"results":[{"uid":1,"name":"One","relation":"sent"}]}"#)
        }
        "/ajax/fbchat/friend_requests.php" => {
            payload(r#"{"requests":[{"uid":4,"name":"Four","message":"hi","time":1}]}"#)
        }
        "/ajax/fbchat/notifications.php" => payload(
            r#"{"unseen":1,"inbox":1,"notifications":[{"kind":"poke","uid":1,"name":"One","time":1,"new":true}],"conversations":[{"uid":1,"name":"One","time":1,"unread":2}]}"#,
        ),
        "/ajax/fbchat/register.php" => Reply {
            set_cookie: vec![
                "c_user=2; path=/".to_owned(),
                "xs=secret; path=/".to_owned(),
            ],
            ..payload("[]")
        },
        _ if path.starts_with("/pics/") => ok("GIF89a".to_owned()),
        _ if path.starts_with("/x/") => ok(format!(
            r#"for (;;);{{"t":"msg","c":"p_2","ms":[{{"type":"msg","from":1,"to":2,"msg":{{"text":"hello {unix}","time":{unix},"msgID":"{unix}"}}}},{{"type":"typ","st":1,"from":1,"to":2}}]}}"#
        )),
        _ => payload("[]"),
    }
}

/// What servers and proxies answer at times, whatever they were asked.
pub fn odd(which: u8) -> Reply {
    let bodies = [
        "",
        r#"for (;;);{"t":"continue"}"#,
        r#"for (;;);{"t":"refresh"}"#,
        r#"for (;;);{"t":"refresh","seq":9}"#,
        r#"for (;;);{"error":1357001,"errorSummary":"Not Logged In","payload":null}"#,
        r#"for (;;);{"error":1357004,"errorSummary":"Sorry","payload":null}"#,
        r#"for (;;);{"error":1356008,"errorSummary":"Too many","payload":null}"#,
        r#"for (;;);{"error":1356003,"errorSummary":"Not online","payload":null}"#,
        r#"for (;;);{"error":0,"payload":[]}"#,
        r#"<h2 id="standard_error">Incorrect password.</h2><form><input name="pass"/></form>"#,
        "<html>captcha</html>",
        r#"for (;;);{"t":"msg","ms":[{"type":"friend","uid":3,"action":"removed"},{"type":"presence","uid":1,"state":"idle"},{"type":"inbox","unseen":3},{"type":"friend_request","uid":5,"name":"Five","time":2}]}"#,
    ];
    let index = usize::from(which);
    if let Some(body) = bodies.get(index) {
        return Reply {
            status: 200,
            body: (*body).into(),
            ..Reply::default()
        };
    }
    let statuses = [301, 302, 404, 408, 429, 500, 502, 503, 504];
    let reply = Reply {
        status: statuses[index % statuses.len()],
        ..Reply::default()
    };
    match reply.status {
        301 | 302 => Reply {
            location: Some(
                [
                    "/login.php",
                    "/home.php",
                    "http://login.example.org/",
                    "https://evil.example/",
                ][index / 9 % 4]
                    .to_owned(),
            ),
            ..reply
        },
        429 | 503 => Reply {
            retry_after: Some(
                ["5", "120", "0", "Sat, 22 Nov 2008 01:00:00 GMT"][index / 9 % 4].to_owned(),
            ),
            ..reply
        },
        _ => reply,
    }
}
