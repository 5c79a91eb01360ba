//! Lines of a stream of bytes, none of them kept beyond a limit.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// One line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Read(Vec<u8>),
    /// It was longer than the limit and has been passed over.
    TooLong,
}

/// The next line; `None` at the end. What stands behind the last line end is a line too: nothing comes behind it.
pub(super) async fn next_line(
    input: &mut (impl AsyncBufRead + Unpin),
    limit: usize,
) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let (mut began, mut too_long) = (false, false);
    loop {
        let bytes = input.fill_buf().await?;
        if bytes.is_empty() {
            break;
        }
        began = true;
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        if line.len() + part.len() > limit {
            too_long = true;
            line = Vec::new();
        }
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(began.then_some(if too_long { Line::TooLong } else { Line::Read(line) }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::BufReader;

    use super::*;

    fn all(bytes: &[u8], buffer: usize, limit: usize) -> Vec<Line> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut input = BufReader::with_capacity(buffer, bytes);
            let mut lines = Vec::new();
            while let Some(line) = next_line(&mut input, limit).await.unwrap() {
                lines.push(line);
            }
            lines
        })
    }

    proptest! {
        #[test]
        fn agrees_with_split(text in "([a-c]{0,9}\n){0,6}[a-c]{0,9}", buffer in 1_usize..12, limit in 0_usize..10) {
            let mut naive: Vec<&str> = text.split('\n').collect();
            if naive.last() == Some(&"") {
                naive.pop();
            }
            let naive: Vec<Line> = naive
                .into_iter()
                .map(|line| if line.len() > limit { Line::TooLong } else { Line::Read(line.into()) })
                .collect();
            prop_assert_eq!(all(text.as_bytes(), buffer, limit), naive);
        }
    }
}
