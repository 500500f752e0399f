//! The one choice of cryptography for TLS.

/// Makes *ring* the cryptography of every TLS connection of this process. Call it before any HTTP client is built; calls
/// after the first change nothing, and a program that embeds Patchwork and chose its own keeps its choice.
pub fn install_tls() {
    // The only failure is that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
