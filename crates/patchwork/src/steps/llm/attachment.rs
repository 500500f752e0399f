//! The file that goes with a prompt.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use patchwork_core::message::{Attachment, Message, Role};
use patchwork_core::step::{Context, StepError};
use tokio::io::AsyncReadExt;

/// The option that names the file.
const FIELD: &str = "file";

/// Bytes of a file at most: in base64 it fits into the smallest request that vendors take, 20 MB.
const MAX_BYTES: u64 = 14 * 1024 * 1024;

/// Reads the file: by its absolute path, or inside the checkout.
pub(super) async fn attachment(ctx: &Context, path: &str) -> Result<Attachment, StepError> {
    if Path::new(path).is_absolute() {
        // It is no part of the repository, so the run keeps what it was: a resumed run, and one that is run again
        // elsewhere, ask the same.
        let (place, owned, in_task) = (PathBuf::from(path), path.to_owned(), ctx.clone());
        let read = async move {
            in_task.may_read_outside()?;
            read(&in_task, &place, &owned).await
        };
        return ctx.once(FIELD, &path, read).await;
    }
    let place = ctx.root()?.join(ctx.checkout()?.resolve(path)?);
    read(ctx, &place, path).await
}

async fn read(ctx: &Context, place: &Path, path: &str) -> Result<Attachment, StepError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => StepError::input(FIELD, format!("there is no file {path}")),
        _ => StepError::input(FIELD, format!("can't read {path}: {error}")),
    };
    let kind = tokio::fs::metadata(place).await.map_err(unreadable)?;
    if kind.is_dir() {
        return Err(StepError::input(FIELD, format!("{path} is a folder: expected a file")));
    }
    if !kind.is_file() {
        return Err(StepError::input(FIELD, format!("{path} is no regular file")));
    }
    let mut bytes = Vec::new();
    let file = tokio::fs::File::open(place).await.map_err(unreadable)?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
    if bytes.is_empty() {
        return Err(StepError::input(FIELD, format!("{path} is empty")));
    }
    if bytes.len() as u64 > MAX_BYTES {
        let problem = format!("{path} is too large: expected {} MiB at most", MAX_BYTES >> 20);
        return Err(StepError::input(FIELD, problem));
    }
    let Some(media_type) = media_type(&bytes) else {
        let problem = format!("can't tell what {path} is: expected an image, a PDF or a text in UTF-8");
        return Err(StepError::input(FIELD, problem));
    };
    // Before it is kept: in base64 nobody sees a secret.
    let masked =
        std::str::from_utf8(&bytes).ok().filter(|_| media_type == TEXT).and_then(|text| ctx.mask(text));
    let data = masked.map_or_else(|| STANDARD.encode(&bytes), |masked| STANDARD.encode(masked.text));
    let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Attachment { media_type: media_type.to_owned(), data, name })
}

const TEXT: &str = "text/plain";

/// What a file is, by its content.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    // Two letters are enough for some formats to be found in a text, but a few real ones are text as well.
    let marked = [b"%PDF-".as_slice(), b"%!PS", b"{\\rtf"].iter().any(|mark| bytes.starts_with(mark));
    let odd = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c);
    if !marked && std::str::from_utf8(bytes).is_ok() && !bytes.iter().any(odd) {
        return Some(TEXT);
    }
    infer::get(bytes).map(|found| found.mime_type())
}

/// Puts the file with the last user message of each prompt.
pub(super) fn attach(prompts: &mut [Vec<Message>], file: &Attachment) -> Result<(), StepError> {
    for (index, prompt) in prompts.iter_mut().enumerate() {
        let Some(message) = prompt.iter_mut().rfind(|message| message.role == Role::User) else {
            let problem = format!("prompts[{index}] has no user message that it could go with");
            return Err(StepError::input(FIELD, problem));
        };
        message.attachments.push(file.clone());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_stands_in_it() {
        for (bytes, expected) in [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"GIF89a\x01\0\x01\0", Some("image/gif")),
            (b"%PDF-1.7\n%\xe2\xe3", Some("application/pdf")),
            (b"%PDF-1.7\n", Some("application/pdf")),
            (b"BMW is a car maker", Some("text/plain")),
            ("größer\n".as_bytes(), Some("text/plain")),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", Some("text/plain")),
            (b"\0\x01\x02\x03", None),
            (b"\xff\xfea\0", None),
        ] {
            assert_eq!(media_type(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
