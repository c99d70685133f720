//! A socket that listens, and what its connections inherit.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

/// Ends every connection taken from this socket whose other side acknowledges nothing, or makes no room for more, for
/// so long: a reader that has stopped reading holds its answer no longer. An idle connection is none of these.
///
/// # Errors
/// The socket refuses the option.
pub fn cut_off_stalled(listener: &TcpListener, after: Duration) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(listener).set_tcp_user_timeout(Some(after))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (listener, after);
    Ok(())
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpStream;

    #[test]
    fn a_reader_that_has_stopped_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        cut_off_stalled(&listener, Duration::from_millis(300)).unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        // Without the option this waits until the test itself is cut off.
        stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
        let error = loop {
            if let Err(error) = stream.write_all(&[0; 64 * 1024]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        drop(reader);
    }
}
