//! A Mosquitto of one test: its own port, configuration and process.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
#[cfg(feature = "tls")]
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = "/usr/sbin/mosquitto";

pub(crate) struct Mosquitto {
    child: Child,
    config: String,
    pub(crate) port: u16,
    dir: TempDir,
}

impl Mosquitto {
    /// Anybody may connect and do everything.
    pub(crate) fn start() -> Self {
        Self::with("", &[])
    }

    /// With more lines of configuration, in which `{dir}` is where `files` are, and an `allow_anonymous false` or a
    /// `listener` of its own if it has any.
    pub(crate) fn with(config: &str, files: &[(&str, &str)]) -> Self {
        let dir = TempDir::new().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let config = config.replace("{dir}", dir.path().to_str().unwrap());
        // Another process may take the port between the question and the start: then ask again.
        for _ in 0..20 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            if let Some(child) = launch(port, &config, &dir) {
                return Self {
                    child,
                    config,
                    port,
                    dir,
                };
            }
        }
        panic!("mosquitto does not start with this configuration:\n{config}");
    }

    #[cfg(feature = "tls")]
    /// The file that `with` wrote, or that is to be written.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP: it holds its connections and does nothing. Only [`kill`](Self::kill) ends that.
    pub(crate) fn freeze(&self) {
        let status = Command::new("kill")
            .args(["-STOP", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// On the same port, remembering nothing.
    pub(crate) fn restart(&mut self) {
        self.child =
            launch(self.port, &self.config, &self.dir).expect("mosquitto does not start again");
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may be dead already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `None` if it ends instead of listening.
fn launch(port: u16, config: &str, dir: &TempDir) -> Option<Child> {
    let listener = if config.contains("listener ") {
        ""
    } else {
        "listener {port} 127.0.0.1\n"
    };
    let anonymous = if config.contains("allow_anonymous") {
        ""
    } else {
        "allow_anonymous true\n"
    };
    let whole = format!(
        // As root it would otherwise become a user who cannot read the files.
        "user root\nlog_dest stderr\nlog_type all\npersistence false\nset_tcp_nodelay true\n{listener}{anonymous}{config}\n"
    );
    let file = dir.path().join("mosquitto.conf");
    std::fs::write(&file, whole.replace("{port}", &port.to_string())).unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("-c")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{PROGRAM} is needed: {error}; on Debian: apt install mosquitto")
        });
    let mut log = BufReader::new(child.stderr.take().unwrap());
    if !is_running(&mut log) {
        child.wait().unwrap();
        return None;
    }
    // Somebody must go on reading, or it would block.
    std::thread::spawn(move || log.lines().for_each(drop));
    Some(child)
}

fn is_running(log: &mut BufReader<ChildStderr>) -> bool {
    log.lines()
        .map_while(Result::ok)
        .any(|line| line.contains("running"))
}
