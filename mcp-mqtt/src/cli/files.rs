//! Reading secrets from files, and writing output so that nobody ever sees half of it.

use std::fmt::Display;
use std::fs::{Metadata, Permissions};
use std::io::{self, Read, Write};
use std::path::Path;

/// The longest secret that a file may hold, in bytes.
const MAX_SECRET: u64 = 64 * 1024;

/// Reads the secret that `option` names; one line break at the end is not part of it.
pub(super) fn read_secret(option: &str, path: &Path) -> Result<String, String> {
    let fault = |fault: &dyn Display| format!("{option}: {}: {fault}", path.display());
    let mut text = String::new();
    // One byte more than allowed is enough to know; a device may never end.
    let mut file = std::fs::File::open(path)
        .map_err(|error| fault(&error))?
        .take(MAX_SECRET + 2);
    file.read_to_string(&mut text)
        .map_err(|error| fault(&error))?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    match secret.len() as u64 {
        0 => Err(fault(&"is empty")),
        1..=MAX_SECRET => Ok(secret.to_owned()),
        _ => Err(fault(&format_args!("has more than {MAX_SECRET} bytes"))),
    }
}

/// Who may read a file that takes the place of another one. A new one is its owner's alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whoever could read the old one.
    Same,
    /// The owner, because it holds the share key.
    Owner,
}

/// Writes `text` to standard output, or to the file of `--output`.
pub(super) fn write_output(
    path: Option<&Path>,
    text: &str,
    readers: Readers,
) -> Result<(), String> {
    match path {
        None => print(text).map_err(|error| format!("standard output: {error}")),
        Some(path) => write_file("--output", path, text, readers),
    }
}

/// Writes `text` to the file that `option` names, through a temporary file beside it.
pub(super) fn write_file(
    option: &str,
    path: &Path,
    text: &str,
    readers: Readers,
) -> Result<(), String> {
    let shown = path.display();
    let taken = replace(path, text, readers).map_err(|error| {
        format!("{option} {shown}: {error}; choose a file in a folder that you may write to")
    })?;
    if taken {
        // The file is written, whether or not anybody reads this.
        let _ = writeln!(
            io::stderr(),
            "note: {shown} can now be read by its owner only, because it holds the share key; the \
             broker has to be its owner, or root"
        );
    }
    Ok(())
}

/// Prints to standard output; a reader that has closed it has seen enough.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Says whether others than its owner could use the file before and cannot any more.
fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<bool> {
    // A link stays a link; a device or a pipe, such as /dev/stdout, stays what it is.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = std::fs::metadata(&target).ok();
    if old
        .as_ref()
        .is_some_and(|old| !old.is_file() && !old.is_dir())
    {
        let mut file = std::fs::OpenOptions::new().write(true).open(&target)?;
        return file.write_all(text.as_bytes()).map(|()| false);
    }
    let path = target.as_path();
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let written = write_new(&temporary, text, old.as_ref(), readers)
        .and_then(|taken| std::fs::rename(&temporary, path).map(|()| taken));
    if written.is_err() {
        // The error that matters is the one above.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// Writes a file that nobody else reads, or whoever reads the `old` one if that is wanted; says whether
/// it was taken from somebody.
fn write_new(
    path: &Path,
    text: &str,
    old: Option<&Metadata>,
    readers: Readers,
) -> io::Result<bool> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut taken = false;
    if let Some(old) = old {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, fchown};
            // Only root can give a file away; to anybody else it is theirs already.
            let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
        }
        let mut permissions = old.permissions();
        if readers == Readers::Owner {
            taken = leave_to_owner(&mut permissions);
        }
        file.set_permissions(permissions)?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(taken)
}

/// Says whether that changes anything.
#[cfg(unix)]
fn leave_to_owner(permissions: &mut Permissions) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = permissions.mode();
    let others = mode & 0o077 != 0;
    if others {
        permissions.set_mode(mode & 0o600);
    }
    others
}

#[cfg(not(unix))]
fn leave_to_owner(_: &mut Permissions) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_file_without_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "se cret\r\n").unwrap();
        assert_eq!(read_secret("--key", &path).unwrap(), "se cret");
        std::fs::write(&path, "\n").unwrap();
        assert!(
            read_secret("--key", &path)
                .unwrap_err()
                .ends_with("is empty")
        );
        assert!(read_secret("--key", &folder.path().join("none")).is_err());
    }

    #[test]
    fn output_replaces_the_file_or_leaves_it_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        write_output(Some(&path), "one", Readers::Same).unwrap();
        write_output(Some(&path), "two", Readers::Same).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_output(Some(&folder.path().join("no/such")), "x", Readers::Same).is_err());
        assert!(write_output(Some(folder.path()), "x", Readers::Same).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn output_is_private_unless_the_file_was_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write_output(Some(&path), "one", Readers::Same).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_output(Some(&path), "two", Readers::Same).unwrap();
        assert_eq!(mode(), 0o640);
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_is_its_owners_whoever_could_read_the_old_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert!(!replace(&path, "new", Readers::Owner).unwrap());
        assert_eq!(mode(), 0o600);
        for (old, new) in [
            (0o644, 0o600),
            (0o755, 0o600),
            (0o604, 0o600),
            (0o620, 0o600),
            (0o440, 0o400),
            (0o400, 0o400),
            (0o700, 0o700),
        ] {
            std::fs::set_permissions(&path, Permissions::from_mode(old)).unwrap();
            let taken = replace(&path, "secret", Readers::Owner).unwrap();
            assert_eq!((taken, mode()), (old != new, new), "{old:o}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_written_through_and_a_pipe_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("policy"), folder.path().join("link"));
        std::fs::write(&path, "one").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_output(Some(&link), "two", Readers::Same).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());

        let (mut reader, writer) = io::pipe().unwrap();
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&writer);
        let pipe = std::path::PathBuf::from(format!("/dev/fd/{descriptor}"));
        write_output(Some(&pipe), "three", Readers::Same).unwrap();
        drop(writer);
        assert_eq!(io::read_to_string(&mut reader).unwrap(), "three");
    }
}
