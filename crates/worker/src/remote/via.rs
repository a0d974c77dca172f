//! A way to a server that cannot be reached straight: a relay, which hands the bytes of a connection on and understands none of them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A host and a port, written `HOST:PORT`, or `[HOST]:PORT` for an address of IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address, without brackets.
    pub host: String,
    /// 0 stands for any that is free, where that has a meaning.
    pub port: u16,
}

impl FromStr for HostPort {
    type Err = String;

    fn from_str(text: &str) -> Result<HostPort, String> {
        let wrong = || format!("expected HOST:PORT, as in login1:40123, found `{text}`");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let bare = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(wrong)?,
            // What has more colons than one is an address of IPv6, of which the last part is no port.
            None if host.contains(':') => return Err(wrong()),
            None => host,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
        if bare.is_empty() || bare.starts_with('-') || !bare.chars().all(plain) {
            return Err(wrong());
        }
        Ok(HostPort { host: bare.to_owned(), port: port.parse().map_err(|_| wrong())? })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Where a relay is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    At(HostPort),
    /// A file that says it, which is read before every attempt: a relay that was started again may be elsewhere.
    File(PathBuf),
}

impl Via {
    /// Where it is now. The error says why that is not known.
    pub(super) async fn now(&self) -> Result<HostPort, String> {
        let file = match self {
            Via::At(place) => return Ok(place.clone()),
            Via::File(file) => file.clone(),
        };
        // The file system is one of a cluster, and may take its time.
        let reading = tokio::task::spawn_blocking(move || {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| format!("no relay is known: cannot read {}: {error}", file.display()))?;
            match text.trim().parse::<HostPort>() {
                Ok(place) if place.port > 0 => Ok(place),
                Ok(_) => Err(format!("{}: expected a port above 0", file.display())),
                Err(why) => Err(format!("{}: {why}", file.display())),
            }
        });
        reading.await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hosts_and_ports_are_read_as_they_are_written() {
        for text in ["login1:40123", "127.0.0.1:0", "[::1]:8080", "a-b.c_d:65535"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        for text in
            ["", "login1", ":1", "login1:", "login1:65536", "::1:80", "[::1:80", "a b:1", "-o:1", "a/b:1"]
        {
            let wrong = text.parse::<HostPort>().unwrap_err();
            assert!(wrong.starts_with("expected HOST:PORT"), "{text}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(place) = text.parse::<HostPort>() {
                prop_assert_eq!(place.to_string().parse::<HostPort>(), Ok(place));
            }
        }
    }

    #[tokio::test]
    async fn the_file_is_read_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("address");
        let via = Via::File(file.clone());
        assert!(via.now().await.unwrap_err().contains("no relay is known"));
        std::fs::write(&file, "login1:1\n").unwrap();
        assert_eq!(via.now().await.unwrap().to_string(), "login1:1");
        std::fs::write(&file, "login2:2\n").unwrap();
        assert_eq!(via.now().await.unwrap().to_string(), "login2:2");
        std::fs::write(&file, "login2:0").unwrap();
        assert!(via.now().await.unwrap_err().contains("above 0"));
    }
}
