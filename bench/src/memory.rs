//! Memory of this process, where the system tells it.

/// MiB of its own that are resident: without files that it maps, which the system takes back as it needs; 0 where the
/// system does not tell.
pub(crate) fn resident_mib() -> f64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// How busy the machine is, of which a measurement should tell; 0 where the system does not say.
pub(crate) fn load_average() -> f64 {
    let text = fs_err::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}
