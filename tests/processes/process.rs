//! One program of the network as an operating system process, and the signals that end it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use units::Span;

use crate::client::within;

const STOPS_WITHIN: Span = Span::from_secs(20);
/// What the programs log, as in `RUST_LOG`; when it is set, their logs are shown whole. What [`Process`] is told to log
/// goes before it.
const LOG_VARIABLE: &str = "WATTMANDI_TEST_LOG";
/// How much of its log is shown when a test fails.
const LOG_SHOWN: usize = 60;

/// A program with its arguments, started as often as need be. It ends with the test.
pub struct Process {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    level: Option<&'static str>,
    child: Option<Child>,
}

impl Process {
    /// Starts it; its output goes to `NAME.log` in `folder`.
    pub fn start(name: &str, program: &Path, arguments: &[String], folder: &Path) -> Self {
        Self::logging(None, name, program, arguments, folder)
    }

    /// Starts it with logs of a level.
    pub fn logging(
        level: Option<&'static str>,
        name: &str,
        program: &Path,
        arguments: &[String],
        folder: &Path,
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        let (program, arguments) = (program.to_owned(), arguments.to_vec());
        let mut process = Self { name: name.to_owned(), program, arguments, log, level, child: None };
        process.spawn();
        process
    }

    /// Starts it again, as it was.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "{} runs", self.name);
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let mut command = command(&self.program, &self.arguments);
        if let Some(level) = self.level {
            command.env("RUST_LOG", level);
        }
        command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null());
        self.child = Some(command.spawn().unwrap());
    }

    /// `kill -9`: nothing of it runs any more when this returns.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ctrl-C, and how it ended.
    pub async fn interrupt(&mut self) -> ExitStatus {
        let pid = self.pid();
        // The shell's own `kill`: the program of that name is not everywhere.
        let sent = Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status().unwrap();
        assert!(sent.success());
        let child = std::cell::RefCell::new(self.child.take().unwrap());
        within(STOPS_WITHIN, "the end of the process", || async {
            child.borrow_mut().try_wait().unwrap().ok_or_else(|| format!("{} runs", self.name))
        })
        .await
    }

    /// How it ended, when it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().unwrap().try_wait().unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        let wanted = std::env::var(LOG_VARIABLE).is_ok();
        if std::thread::panicking() || wanted {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let from = if wanted { 0 } else { lines.len().saturating_sub(LOG_SHOWN) };
            let shown = lines[from..].join("\n");
            eprintln!("--- the end of the log of {}\n{shown}", self.name);
        }
    }
}

/// A command that inherits nothing of the test's own configuration.
pub fn command(program: &Path, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    let log = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| "warn".to_owned());
    command.args(arguments).env_clear().env("RUST_LOG", log).env("RUST_BACKTRACE", "1");
    command
}

pub fn wattmandi() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_wattmandi"))
}

/// One of the two mocks, beside the server; built when it is not there.
pub fn mock(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    let folder = wattmandi().parent().unwrap().to_owned();
    BUILT.get_or_init(|| {
        if ["cds-mock", "discom-mock"].iter().all(|mock| folder.join(mock).is_file()) {
            return;
        }
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "-p", "cds-mock", "-p", "discom-mock", "--bins", "--target-dir"]);
        build.arg(folder.parent().unwrap());
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    });
    folder.join(name)
}

/// A port that nobody listens on, below those that the system gives to clients, so that a platform that is
/// killed gets it again.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % 500).unwrap() * 20;
    for _ in 0..10_000 {
        let port = 20_000 + offset.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free")
}
