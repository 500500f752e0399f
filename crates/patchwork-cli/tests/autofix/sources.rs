//! Sources in every encoding and form.
