//! The socket of a store's owner: `run/owner.sock` in the store's folder, for its user alone.
//!
//! **Invariant:** only who has the store's lock binds the socket, so whatever lies in its place then is stale.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The folder of the socket in a store, and its name there.
const FOLDER: &str = "run";
const NAME: &str = "owner.sock";
/// Bytes that the path of a socket may have on every system.
#[cfg(unix)]
const PATH_BYTES_MAX: usize = 100;

/// Where the socket of the store in `dir` is.
pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(FOLDER).join(NAME)
}

fn failed(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Socket { doing, path: path.to_owned(), source }
}

/// A path that is short enough for a socket, which is good for as long as the folder is held open.
#[cfg(unix)]
fn short(folder: &Path) -> std::io::Result<(PathBuf, Option<fs_err::File>)> {
    use std::os::fd::AsRawFd as _;
    let whole = folder.join(NAME);
    if whole.as_os_str().len() < PATH_BYTES_MAX {
        return Ok((whole, None));
    }
    let open = fs_err::File::open(folder)?;
    let links = Path::new("/proc/self/fd");
    if !links.is_dir() {
        let what = "the path of the store is too long for a socket: move the store, or link to it from a shorter path";
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidFilename, what));
    }
    Ok((links.join(open.as_raw_fd().to_string()).join(NAME), Some(open)))
}

/// Listens on the socket of the store in `dir`, whose lock this process has.
#[cfg(unix)]
pub(crate) fn bind(dir: &Path) -> Result<std::os::unix::net::UnixListener> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
    use std::os::unix::net::UnixListener;
    let folder = dir.join(FOLDER);
    let of_folder = |source| failed("make a folder for the owner's socket at", &folder, source);
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(of_folder(error)),
    }
    // Another user's folder, or a link that leads elsewhere, would hand the socket to somebody else.
    let found = fs_err::symlink_metadata(&folder).map_err(of_folder)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
        let what = "it is not a folder of this user: remove it";
        return Err(of_folder(std::io::Error::new(std::io::ErrorKind::PermissionDenied, what)));
    }
    fs_err::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).map_err(of_folder)?;
    let path = folder.join(NAME);
    let of_path = |source| failed("listen on", &path, source);
    match fs_err::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(of_path(error)),
    }
    let (short, _open) = short(&folder).map_err(of_path)?;
    let listener = UnixListener::bind(&short).map_err(of_path)?;
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(of_path)?;
    listener.set_nonblocking(true).map_err(of_path)?;
    Ok(listener)
}

/// Connects to the owner of the store in `dir`; `None` where nobody listens.
#[cfg(unix)]
pub(crate) fn connect(dir: &Path) -> Result<Option<std::os::unix::net::UnixStream>> {
    use std::io::ErrorKind;
    let path = path(dir);
    let reached = short(&dir.join(FOLDER))
        .and_then(|(short, _open)| std::os::unix::net::UnixStream::connect(short));
    let stream = match reached {
        Ok(stream) => stream,
        Err(error) => {
            let nobody =
                [ErrorKind::NotFound, ErrorKind::ConnectionRefused, ErrorKind::NotADirectory];
            let nobody = nobody.contains(&error.kind());
            return if nobody { Ok(None) } else { Err(failed("reach the owner at", &path, error)) };
        }
    };
    stream.set_nonblocking(true).map_err(|error| failed("reach the owner at", &path, error))?;
    Ok(Some(stream))
}

/// Removes the socket, as its owner.
pub(crate) fn remove(dir: &Path) {
    if let Err(error) = fs_err::remove_file(path(dir))
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the owner's socket stays behind; the next owner removes it");
    }
}
