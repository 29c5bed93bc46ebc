//! CPU time and memory of a process, as Linux tells in `/proc`; elsewhere an error.

use std::io;
use std::time::Duration;

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    /// In user and kernel mode, of all its threads, with a resolution of 10 ms.
    pub(super) cpu: Duration,
    /// Resident bytes.
    pub(super) memory: u64,
}

/// Of this process, where that can be known.
pub(super) fn own() -> Option<Usage> {
    of(std::process::id()).ok()
}

/// Of the process with this id.
#[cfg(target_os = "linux")]
pub(super) fn of(pid: u32) -> io::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse(&stat, &status).ok_or_else(|| io::Error::other("/proc says nothing that can be read"))
}

/// Of the process with this id.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(_pid: u32) -> io::Result<Usage> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "processes can be measured on Linux only; leave --pid out",
    ))
}

/// Ticks of the times in `/proc/PID/stat` in a second (proc(5), `USER_HZ`).
#[cfg(target_os = "linux")]
const TICKS: u32 = 100;

#[cfg(target_os = "linux")]
fn parse(stat: &str, status: &str) -> Option<Usage> {
    // The name of the program, in parentheses, may hold anything; after it comes field 3.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    let cpu = Duration::from_secs(1) * (ticks()? + ticks()?) / TICKS;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = resident.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(Usage {
        cpu,
        memory: kib * 1024,
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194304 1 0 0 0 150 25 0 0 20 0";
        let usage = parse(stat, "Name:\tx\nVmRSS:\t    8124 kB\n").unwrap();
        assert_eq!(usage.cpu, Duration::from_millis(1750));
        assert_eq!(usage.memory, 8124 * 1024);
        assert!(parse(stat, "Name:\tx\n").is_none());
    }

    #[test]
    fn this_process_can_be_measured_and_one_that_is_none_cannot() {
        assert!(own().unwrap().memory > 0);
        assert!(of(u32::MAX).is_err());
    }
}
