//! The loopback device of a new network namespace, which begins switched off.

use std::io;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// Type of a message that changes a device (`RTM_NEWLINK`).
const CHANGE_DEVICE: u16 = 16;
/// It is a request, and an answer is wanted (`NLM_F_REQUEST | NLM_F_ACK`).
const REQUEST_WITH_ANSWER: u16 = 1 | 4;
/// The device is on (`IFF_UP`).
const UP: u32 = 1;
/// The loopback device is the first of every namespace.
const LOOPBACK: i32 = 1;

/// Switches it on.
pub(super) fn switch_on() -> io::Result<()> {
    // The protocol for devices and routes is the first one, which is meant when none is named.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut message = Vec::with_capacity(32);
    // The header: length, type, flags, number, sender.
    message.extend(32_u32.to_ne_bytes());
    message.extend(CHANGE_DEVICE.to_ne_bytes());
    message.extend(REQUEST_WITH_ANSWER.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    // The device: family and type unsaid, its number, the flags, which of them change.
    message.extend(0_u32.to_ne_bytes());
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 128];
    recv(&socket, &mut answer[..], RecvFlags::empty())?;
    // Behind the header of the answer stands the error, negative, or zero.
    let error = answer.get(16..20).and_then(|bytes| bytes.try_into().ok()).map_or(-1, i32::from_ne_bytes);
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-error)) }
}
