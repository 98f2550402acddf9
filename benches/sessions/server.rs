//! The server for ten thousand sessions: just enough of the protocol to accept every login and hold every long-poll. Passwords
//! are not checked, since hashing ten thousand of them would take longer than everything else here.

use std::sync::Arc;
use testkit::tls::Identity;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

const FORM: &str = r#"<form action="/login.php" method="post"><input name="email" /><input type="password" name="pass" /></form>"#;
const NOTHING: &str = r#"for (;;);{"error":0,"errorSummary":"","errorDescription":"No error.","payload":[],"bootload":[]}"#;

/// Fifty friends, as in a private group of users.
fn buddy_list() -> String {
    let infos: Vec<String> = (1..=50)
        .map(|n| format!(r#""{n}":{{"name":"Friend Number {n}","firstName":"Friend"}}"#))
        .collect();
    let infos = infos.join(",");
    format!(
        r#"for (;;);{{"error":0,"payload":{{"buddy_list":{{"nowAvailableList":{{"1":{{"i":false}}}},"userInfos":{{{infos}}},"listChanged":true,"availableCount":1}},"time":1227312000000}}}}"#
    )
}

fn page(uid: &str) -> String {
    format!(
        r#"<meta name="fbchat" content="{{&quot;channel&quot;:&quot;/&quot;,&quot;batch&quot;:100,&quot;presence&quot;:true,&quot;message_limit&quot;:20000,&quot;resume&quot;:true}}" /><input type="hidden" id="user" name="user" value="{uid}" /><input type="hidden" id="post_form_id" name="post_form_id" value="0123456789abcdef0123456789abcdef" />"#
    )
}

/// Serves until the process is killed; prints its URL and the fingerprint of its certificate.
pub fn run(tls: bool) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let identity = Identity::self_signed("127.0.0.1");
        let (acceptor, pin) = (identity.acceptor(), identity.fingerprint());
        println!("http{}://{address} {pin}", if tls { "s" } else { "" });
        let buddies: Arc<str> = buddy_list().into();
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (buddies, acceptor) = (buddies.clone(), acceptor.clone());
            // A broken connection concerns its client only.
            tokio::spawn(async move {
                match tls {
                    true => drop(serve(acceptor.accept(stream).await?, &buddies).await),
                    false => drop(serve(stream, &buddies).await),
                }
                std::io::Result::Ok(())
            });
        }
    })
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, buddies: &str) -> std::io::Result<()> {
    let mut stream = BufReader::with_capacity(2048, stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(());
            }
        }
        let length = head.split("\r\n").filter_map(|line| line.split_once(": "));
        let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length = length.filter_map(|(_, value)| value.parse().ok()).next();
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        let uid = head.split("c_user=").nth(1).map_or("0", |rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()
                .unwrap_or("0")
        });
        let mut cookies = String::new();
        let answer = if path.starts_with("/x/") && !path.contains("=-1") {
            // Held until the client disconnects.
            stream.read_u8().await?;
            return Ok(());
        } else if path.starts_with("/x/") {
            r#"for (;;);{"t":"refresh","seq":0}"#.to_owned()
        } else if head.starts_with("POST /login.php") {
            let uid = body.split("email=user").nth(1).unwrap_or("0");
            let uid: String = uid.chars().take_while(char::is_ascii_digit).collect();
            cookies = format!(
                "Set-Cookie: c_user={uid}; path=/\r\nSet-Cookie: xs=0123456789abcdef0123456789abcdef; path=/; HttpOnly\r\n"
            );
            String::new()
        } else if path.starts_with("/login.php") {
            FORM.to_owned()
        } else if path.starts_with("/ajax/presence/update.php") {
            buddies.to_owned()
        } else if path.starts_with("/ajax/") {
            NOTHING.to_owned()
        } else {
            page(uid)
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\n{cookies}Content-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
    }
}
