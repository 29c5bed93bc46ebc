//! Reading secrets from files, and writing output so that nobody ever sees half of it.

use std::io::{self, Write};
use std::path::Path;

/// The longest secret that a file may hold, in bytes.
const MAX_SECRET: usize = 64 * 1024;

/// Reads a secret; one line break at the end is not part of it.
pub(super) fn read_secret(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let secret = text.strip_suffix('\n').unwrap_or(&text);
    let secret = secret.strip_suffix('\r').unwrap_or(secret);
    match secret.len() {
        0 => Err(format!("{shown}: is empty")),
        1..=MAX_SECRET => Ok(secret.to_owned()),
        _ => Err(format!("{shown}: has more than {MAX_SECRET} bytes")),
    }
}

/// Writes `text` to standard output, or to `path` through a temporary file beside it.
pub(super) fn write_output(path: Option<&Path>, text: &str) -> Result<(), String> {
    let Some(path) = path else {
        return print(text).map_err(|error| format!("standard output: {error}"));
    };
    replace(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints to standard output; a reader that has closed it has seen enough.
pub(super) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let written = write_new(&temporary, text).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The error that matters is the one above.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        // A policy may hold a share key.
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_the_file_without_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "se cret\r\n").unwrap();
        assert_eq!(read_secret(&path).unwrap(), "se cret");
        std::fs::write(&path, "\n").unwrap();
        assert!(read_secret(&path).unwrap_err().ends_with("is empty"));
        assert!(read_secret(&folder.path().join("none")).is_err());
    }

    #[test]
    fn output_replaces_the_file_or_leaves_it_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        write_output(Some(&path), "one").unwrap();
        write_output(Some(&path), "two").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_output(Some(&folder.path().join("no/such")), "x").is_err());
    }
}
