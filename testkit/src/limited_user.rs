//! A user whose processes may have few threads only.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A number of threads that is enough for anything.
pub const ENOUGH: &str = "1000";

/// Runs a program as a user without other processes, because the limit counts those of a user: root, for whom the limit does not
/// hold, as the user that the test names; everybody else in a user namespace, which counts by itself.
pub struct LimitedUser {
    user: &'static str,
    /// A copy, since others may not be able to read the program where it is.
    program: PathBuf,
}

impl LimitedUser {
    /// `user` is a number that no other test uses.
    pub fn new(user: &'static str, program: &Path) -> LimitedUser {
        let name = format!("fbchat-test-{user}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        std::fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
        let copy = directory.join(program.file_name().unwrap());
        std::fs::copy(program, &copy).unwrap();
        LimitedUser {
            user,
            program: copy,
        }
    }

    fn command(&self) -> Command {
        let mut command;
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command = Command::new("setpriv");
            command.args(["--reuid", self.user, "--clear-groups"]);
        } else {
            command = Command::new("unshare");
            command.args(["--user", "--map-current-user"]);
        }
        command
    }

    /// The program with at most this many threads.
    pub fn program(&self, threads: &str) -> Command {
        let mut command = self.command();
        command.args(["prlimit", &format!("--nproc={threads}:")]);
        command.arg(&self.program);
        command
    }

    /// Changes the limit of a running program.
    pub fn limit(&self, pid: u32, threads: &str) {
        let mut command = self.command();
        command.args(["prlimit", "--pid", &pid.to_string()]);
        let done = command.arg(format!("--nproc={threads}:")).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for LimitedUser {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.program.parent().unwrap());
    }
}
