//! An HTTP proxy that makes tunnels (CONNECT), over loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A proxy that ends with the process of the test.
pub struct Proxy {
    /// `127.0.0.1:3128`.
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// One that knows the way to a single place, which only it can name, and refuses every other.
    #[track_caller]
    pub fn start(place: &str, leads_to: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().map(|address| address.to_string()).unwrap_or_default();
        let proxy = Proxy { address, asked: Arc::default() };
        let (asked, place, leads_to) = (Arc::clone(&proxy.asked), place.to_owned(), leads_to.to_owned());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let (asked, place, leads_to) = (Arc::clone(&asked), place.clone(), leads_to.clone());
                std::thread::spawn(move || tunnel(near, &asked, &place, &leads_to));
            }
        });
        proxy
    }

    /// The places that it was asked for, in their order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn tunnel(mut near: TcpStream, asked: &Mutex<Vec<String>>, place: &str, leads_to: &str) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        near.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let wanted = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let known = wanted == place;
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(wanted);
    if !known {
        let _ = near.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        return None;
    }
    let mut far = TcpStream::connect(leads_to).ok()?;
    near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let (mut back_from, mut back_to) = (far.try_clone().ok()?, near.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut near, &mut far);
    let _ = far.shutdown(Shutdown::Write);
    Some(())
}
