//! Lines of input, from a terminal or from a pipe.

use crate::chat::{Chat, Next};
use crate::completion::Completion;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{CompletionType, Config, Editor};
use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// The line editor. Its history is kept in memory only, since messages must not be stored on disk.
pub type LineEditor = Editor<Completion, MemHistory>;

/// Greatest length of a line in bytes.
const MAX_LINE: usize = 1 << 20;

/// Creates the line editor.
pub fn editor() -> rustyline::Result<LineEditor> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(true)
        .bracketed_paste(true)
        .build();
    let history = MemHistory::with_config(&config);
    Editor::with_history(config, history)
}

/// Reads lines from a terminal until the user quits.
pub fn interactive(chat: &Arc<Chat>, mut editor: LineEditor) -> ! {
    editor.set_helper(Some(Completion(Arc::clone(chat))));
    loop {
        match editor.readline(&chat.prompt()) {
            Ok(line) => {
                chat.entered();
                if chat.line(&line) == Next::Quit {
                    chat.quit(0);
                }
            }
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => chat.quit(0),
            Err(error) => {
                chat.error(&format!("The terminal cannot be read: {error}"));
                chat.quit(1);
            }
        }
    }
}

/// Reads lines from a pipe until its end, then waits until all requests are done.
pub fn pipe(chat: &Chat) -> ! {
    let mut input = io::stdin().lock();
    let mut next = Next::Line;
    while next == Next::Line {
        next = match read_line(&mut input) {
            Ok(Some(Ok(line))) => chat.line(&line),
            Ok(Some(Err(sentence))) => {
                chat.error(sentence);
                Next::Line
            }
            Ok(None) => Next::Quit,
            Err(error) => {
                chat.error(&format!("Standard input cannot be read: {error}"));
                Next::Quit
            }
        };
    }
    let code = if chat.finish() { 0 } else { 1 };
    chat.quit(code)
}

/// The next line, or why it cannot be used; `None` at the end.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Result<String, &'static str>>> {
    let mut line = Vec::new();
    let most = MAX_LINE as u64;
    if input.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() >= MAX_LINE && line.last() != Some(&b'\n') {
        while line.last() != Some(&b'\n') {
            line.clear();
            if input.take(most).read_until(b'\n', &mut line)? == 0 {
                break;
            }
        }
        return Ok(Some(Err("This line is too long. Nothing was sent.")));
    }
    Ok(Some(String::from_utf8(line).map_err(
        |_| "This line is not UTF-8 text. Nothing was sent.",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_lines_do_not_end_the_input() {
        let mut text = b"one\n\xff\xfe\n".to_vec();
        text.extend(vec![b'x'; MAX_LINE * 2 + 5]);
        text.extend(b"\nlast");
        let mut input = text.as_slice();
        assert_eq!(read_line(&mut input).unwrap(), Some(Ok("one\n".to_owned())));
        assert!(read_line(&mut input).unwrap().unwrap().is_err());
        assert!(
            read_line(&mut input)
                .unwrap()
                .unwrap()
                .unwrap_err()
                .contains("too long")
        );
        assert_eq!(read_line(&mut input).unwrap(), Some(Ok("last".to_owned())));
        assert_eq!(read_line(&mut input).unwrap(), None);
    }
}
