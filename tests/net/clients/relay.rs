//! A relay between two proxies, whose links can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

pub(crate) struct Relay {
    pub(crate) address: String,
    links: Arc<Mutex<Vec<TcpStream>>>,
}

impl Relay {
    pub(crate) fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let links = Arc::new(Mutex::new(Vec::new()));
        let (all, target) = (links.clone(), target.to_owned());
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&target) else {
                    continue;
                };
                let both = [&near, &far].map(|end| end.try_clone().expect("another handle"));
                all.lock().expect("nobody panics with it").extend(both);
                let other = [&far, &near].map(|end| end.try_clone().expect("another handle"));
                std::thread::spawn(move || pass(near, far));
                let [far, near] = other;
                std::thread::spawn(move || pass(far, near));
            }
        });
        Self { address, links }
    }

    /// Cuts all links. Says how many there were.
    pub(crate) fn cut(&self) -> usize {
        let links = std::mem::take(&mut *self.links.lock().expect("nobody panics with it"));
        let cut = |end: &&TcpStream| end.shutdown(Shutdown::Both).is_ok();
        links.iter().filter(cut).count() / 2
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
