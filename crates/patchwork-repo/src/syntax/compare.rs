//! Which errors a change brought.
use super::*;
pub fn new_errors(_old: &Syntax, _new: &Syntax) -> Vec<SyntaxError> { vec![] }
