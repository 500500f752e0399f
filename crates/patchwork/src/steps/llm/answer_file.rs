//! The file of `save_responses_to_file`: one line of JSON for each paid call.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use patchwork_core::port::provider::{ChatAnswer, ChatRequest};
use patchwork_core::step::{Context, StepError};
use serde_json::json;

/// A file that calls are added to.
pub(super) struct AnswerFile {
    path: String,
    file: Mutex<File>,
}

impl AnswerFile {
    /// Opens the file before anything is paid; `None` when the run may not write there: it is a replay, which pays for nothing.
    pub(super) fn open(ctx: &Context, path: &str) -> Result<Option<Self>, StepError> {
        const FIELD: &str = "save_responses_to_file";
        if !Path::new(path).is_absolute() {
            return Err(StepError::input(FIELD, format!("{path} is relative: expected an absolute path")));
        }
        if !ctx.may_write_outside() {
            return Ok(None);
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| StepError::input(FIELD, format!("can't write {path}: {error}")))?;
        Ok(Some(Self { path: path.to_owned(), file: Mutex::new(file) }))
    }

    /// Adds a call; answers what went wrong, in words.
    pub(super) fn add(
        &self,
        ctx: &Context,
        request: &ChatRequest,
        answer: &ChatAnswer,
    ) -> Result<(), String> {
        let mut line = json!({"model": answer.model, "request": request, "response": answer});
        ctx.redact_value(&mut line);
        // One write of a whole line: parallel nodes of a run add to the same file.
        let line = format!("{line}\n");
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes())
            .map_err(|error| format!("save_responses_to_file: can't write {}: {error}", self.path))
    }
}
