//! Where the server listens.

use std::net::{SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::config;
use crate::fault::Fault;

/// An address that is taken: connections wait there for whoever serves them.
pub struct Listening {
    listener: TcpListener,
    /// With the port that port 0 became.
    pub address: SocketAddr,
}

impl Listening {
    /// Takes `server.listen`. Inside a runtime.
    ///
    /// # Errors
    /// An address that cannot be listened on.
    pub fn at(settings: &config::Server) -> Result<Self, Fault> {
        let doing = format!("cannot listen on {} (server.listen)", settings.listen);
        listen(settings.listen, settings.backlog).map_err(Fault::io(doing))
    }

    /// The listener once more: one may be closed, and connections go on coming to the other.
    ///
    /// # Errors
    /// What the system says.
    pub fn again(&self) -> Result<TcpListener, Fault> {
        self.listener.try_clone().map_err(Fault::io("cannot listen twice"))
    }

    /// The listener.
    #[must_use]
    pub fn into_listener(self) -> TcpListener {
        self.listener
    }
}

fn listen(address: SocketAddr, backlog: u32) -> std::io::Result<Listening> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart need not wait for the last connections of the one before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(backlog)?.into_std()?;
    let address = listener.local_addr()?;
    Ok(Listening { listener, address })
}
