use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

/// Bytes moved at a time; librdkafka's own reads are as large.
const CHUNK: usize = 64 * 1024;

/// Moves bytes both ways until the client has ended the connection, or the broker has and the client followed.
pub(super) fn pass(client: TcpStream, broker: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_broker, to_client) = (broker.try_clone()?, client.try_clone()?);
    let back = thread::Builder::new()
        .name("sluice-passage".to_owned())
        .spawn(move || {
            let moved = carry(&from_broker, &to_client);
            // What the broker said last still arrives; the client then ends its side.
            let end = if moved.is_ok() {
                Shutdown::Write
            } else {
                Shutdown::Both
            };
            to_client.shutdown(end).ok();
        })?;
    let moved = carry(&client, &broker);
    // A client never goes on reading after it has ended its side, and a broker that is gone would say nothing for ever.
    broker.shutdown(Shutdown::Both).ok();
    client.shutdown(Shutdown::Both).ok();
    back.join()
        .map_err(|_| io::Error::other("the thread of the way back panicked"))?;
    moved
}

fn carry(mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => to.write_all(&chunk[..read])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
