//! The network: not reached unless the user says so.

use std::io::ErrorKind;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use crate::world::{KERNELS, Kernel, World, command, try_run};

/// Servers of this machine that nobody may reach.
struct Servers {
    tcp: TcpListener,
    udp: UdpSocket,
    hidden: UnixListener,
    file: UnixListener,
}

impl Servers {
    fn start(world: &World) -> Self {
        let name = SocketAddr::from_abstract_name(world.at("").as_os_str().as_encoded_bytes()).unwrap();
        let servers = Self {
            tcp: TcpListener::bind("127.0.0.1:0").unwrap(),
            udp: UdpSocket::bind("127.0.0.1:0").unwrap(),
            hidden: UnixListener::bind_addr(&name).unwrap(),
            file: UnixListener::bind(world.at("elsewhere/socket")).unwrap(),
        };
        servers.tcp.set_nonblocking(true).unwrap();
        servers.udp.set_nonblocking(true).unwrap();
        servers.hidden.set_nonblocking(true).unwrap();
        servers.file.set_nonblocking(true).unwrap();
        servers
    }

    /// What reached them.
    fn reached(&self) -> Vec<&'static str> {
        let mut reached = Vec::new();
        let met = |kind: Result<(), std::io::Error>| {
            kind.map_err(|error| error.kind()) != Err(ErrorKind::WouldBlock)
        };
        for (name, result) in [
            ("tcp", self.tcp.accept().map(drop)),
            ("udp", self.udp.recv(&mut [0; 8]).map(drop)),
            ("abstract", self.hidden.accept().map(drop)),
            ("file", self.file.accept().map(drop)),
        ] {
            if met(result) {
                reached.push(name);
            }
        }
        reached
    }

    /// A program that tries them all and says which it reached.
    fn program(&self, world: &World) -> String {
        let name = world.at("").display().to_string();
        format!(
            r#"
import socket
def attempt(name, work):
    try:
        work()
        print(name)
    except OSError as error:
        pass
def connect(family, kind, address):
    with socket.socket(family, kind) as s:
        s.settimeout(10)
        s.connect(address)
        s.send(b"hello")
attempt("tcp", lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp})))
attempt("udp", lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", {udp})))
attempt("abstract", lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, b"\0" + b"{name}"))
attempt("file", lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "{name}elsewhere/socket"))
attempt("outside", lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("192.0.2.1", 80)))
attempt("packets", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close())
attempt("names", lambda: socket.getaddrinfo("example.org", 80))
"#,
            tcp = self.tcp.local_addr().unwrap().port(),
            udp = self.udp.local_addr().unwrap().port(),
        )
    }
}

#[tokio::test]
async fn no_server_of_the_machine_is_reached() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let servers = Servers::start(&world);
        let trial = world.open(&[("try.py", Some(&servers.program(&world)))]).await;
        let ran = try_run(&*trial, &command("python3 try.py")).await.unwrap();
        // A datagram leaves for an address that nobody has.
        let said = ran.stdout.replace("udp\n", "");
        assert_eq!((ran.code, said.as_str()), (Some(0), ""), "{kernel:?}: {ran:?}");
        assert_eq!(servers.reached(), [""; 0], "{kernel:?}");
    }
}

#[tokio::test]
async fn with_the_network_the_services_of_the_machine_are_still_out_of_reach() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let servers = Servers::start(&world);
        let trial = world.open(&[("try.py", Some(&servers.program(&world)))]).await;
        let mut command = command("timeout 5 python3 try.py");
        command.limits.network = true;
        let ran = try_run(&*trial, &command).await.unwrap();
        assert!(ran.stdout.starts_with("tcp\nudp\n"), "{kernel:?}: {ran:?}");
        assert_eq!(servers.reached(), ["tcp", "udp"], "{kernel:?}");
    }
}

/// Many tests start a server and talk to it.
const SERVER: &str = r#"
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
def serve():
    peer, _ = server.accept()
    peer.sendall(b"hello from inside")
    peer.close()
threading.Thread(target=serve).start()
with socket.create_connection(server.getsockname()) as s:
    print(s.recv(100).decode())
"#;

#[tokio::test]
async fn a_server_inside_is_reached_from_inside() {
    if let Some(world) = World::with_overlays().await {
        let trial = world.open(&[("serve.py", Some(SERVER))]).await;
        let ran = try_run(&*trial, &command("python3 serve.py")).await.unwrap();
        assert_eq!(ran.stdout, "hello from inside\n", "{ran:?}");
    }
    // Where a trial has no network of its own, there is none at all, and it is said.
    let world = World::new(Kernel::Plain);
    let trial = world.open(&[("serve.py", Some(SERVER))]).await;
    let ran = try_run(&*trial, &command("python3 serve.py")).await.unwrap();
    assert!(ran.stderr.contains("Operation not permitted"), "{ran:?}");
}
