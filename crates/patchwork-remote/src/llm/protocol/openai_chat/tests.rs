//! What is sent, and what is read out of every accent.
