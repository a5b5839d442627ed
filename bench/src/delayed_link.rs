use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, SyncSender},
    thread,
    time::{Duration, Instant},
};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// Pieces on their way in one direction: far more than the delays that are measured can hold.
const PIECES: usize = 4_096;

/// A listener on loopback that passes connections on to another address, each byte after a delay. It serves until the
/// program ends.
pub struct DelayedLink {
    address: SocketAddr,
}

impl DelayedLink {
    /// Begins to listen. `delay` is that of one direction, half a round trip.
    ///
    /// # Errors
    /// Nothing can listen.
    pub fn to(target: SocketAddr, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A broker that is away closes the connection, as it would without the link.
                if let Ok(broker) = TcpStream::connect(target) {
                    drop(join(&client, &broker, delay));
                }
            }
        });
        Ok(Self { address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn join(client: &TcpStream, broker: &TcpStream, delay: Duration) -> io::Result<()> {
    for (from, to) in [(client, broker), (broker, client)] {
        to.set_nodelay(true)?;
        let (reader, writer) = (from.try_clone()?, to.try_clone()?);
        let (sender, receiver) = mpsc::sync_channel(PIECES);
        thread::spawn(move || take(reader, delay, &sender));
        thread::spawn(move || give(writer, &receiver));
    }
    Ok(())
}

fn take(mut from: TcpStream, delay: Duration, sender: &SyncSender<(Instant, Vec<u8>)>) {
    let mut piece = vec![0; PIECE];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        let bytes = piece.get(..length).unwrap_or_default().to_vec();
        if sender.send((Instant::now() + delay, bytes)).is_err() {
            return;
        }
    }
}

fn give(mut to: TcpStream, receiver: &Receiver<(Instant, Vec<u8>)>) {
    while let Ok((due, bytes)) = receiver.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // The other side may be gone already.
    to.shutdown(Shutdown::Both).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_in_order_and_no_earlier_than_the_delay() {
        let echo = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let target = echo.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = echo.accept().unwrap();
            let mut reader = stream.try_clone().unwrap();
            io::copy(&mut reader, &mut stream).ok();
        });
        let delay = Duration::from_millis(20);
        let mut client = TcpStream::connect(DelayedLink::to(target, delay).unwrap().address()).unwrap();
        let sent: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
        let since = Instant::now();
        client.write_all(&sent).unwrap();
        let mut received = vec![0; sent.len()];
        client.read_exact(&mut received).unwrap();
        assert_eq!(received, sent);
        assert!(since.elapsed() >= 2 * delay);
    }
}
