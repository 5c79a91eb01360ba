//! A process that does nothing but extract: what [`Pool`](super::Pool) talks to.
//!
//! A request is its length (four bytes, least first), then the language's place among [`Language::ALL`] and the blob; an
//! answer is its length and the extraction. The first request is the allowance. The end of the input is the end.

use std::io::{self, Read, Write};

use lichen_model::Extraction;

use super::{Allowance, Language, Limits, codec, extract};

/// The error recovery of some grammars calls itself; a system's usual stack is soon full.
const STACK_BYTES: usize = 64 << 20;
/// The largest frame: a blob of the largest size that positions allow, and its language.
const FRAME_BYTES_MAX: u32 = u32::MAX / 2;

/// Answers requests until there are no more.
///
/// Meant for a process of its own: where it is possible, its memory is limited for good.
pub fn serve(input: impl Read + Send, output: impl Write + Send) -> io::Result<()> {
    serve_with(input, output, extract)
}

/// Answers requests by something else than [`extract`]: for tests of what happens to a worker.
pub fn serve_with(
    mut input: impl Read + Send,
    mut output: impl Write + Send,
    extract: impl Fn(&[u8], Language, &Limits) -> Extraction + Send,
) -> io::Result<()> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        let serving =
            thread.spawn_scoped(scope, move || answer_all(&mut input, &mut output, &extract))?;
        serving.join().unwrap_or_else(|_| Err(io::Error::other("extraction panicked")))
    })
}

fn answer_all(
    input: &mut impl Read,
    output: &mut impl Write,
    extract: &impl Fn(&[u8], Language, &Limits) -> Extraction,
) -> io::Result<()> {
    let Some(first) = read_frame(input)? else { return Ok(()) };
    let allowance = Allowance::decode(&first)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no allowance came first"))?;
    limits::memory(allowance.memory_bytes);
    while let Some(request) = read_frame(input)? {
        let unknown = || io::Error::new(io::ErrorKind::InvalidData, "the language is unknown");
        let (place, blob) = request.split_first().ok_or_else(unknown)?;
        let language = *Language::ALL.get(usize::from(*place)).ok_or_else(unknown)?;
        limits::time(allowance.seconds);
        write_frame(output, &[&codec::encode(&extract(blob, language, &allowance.limits))])?;
    }
    Ok(())
}

/// The next frame; `None` at the end.
pub(super) fn read_frame(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    let mut filled = 0;
    while filled < length.len() {
        match input.read(&mut length[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut frame = Vec::new();
    let read = input.take(u64::from(length)).read_to_end(&mut frame)?;
    if read < length as usize { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(frame)) }
}

/// Writes the parts as one frame.
pub(super) fn write_frame(output: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u32::try_from(length).ok().filter(|length| *length <= FRAME_BYTES_MAX);
    let length =
        length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a frame is too long"))?;
    output.write_all(&length.to_le_bytes())?;
    for part in parts {
        output.write_all(part)?;
    }
    output.flush()
}

#[cfg(unix)]
mod limits {
    //! What the system holds a worker to, whatever becomes of the process that started it.

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::time::{ClockId, clock_gettime};

    /// Memory that may be mapped from now on, for good.
    pub(super) fn memory(bytes: u64) {
        set(Resource::As, bytes);
    }

    /// Time that may be computed from now on.
    pub(super) fn time(seconds: u64) {
        let used = clock_gettime(ClockId::ProcessCPUTime).tv_sec;
        // The limit counts whole seconds.
        set(Resource::Cpu, u64::try_from(used).unwrap_or_default().saturating_add(seconds + 1));
    }

    fn set(resource: Resource, value: u64) {
        let maximum = getrlimit(resource).maximum;
        let current = Some(maximum.map_or(value, |maximum| maximum.min(value)));
        // A system that refuses leaves the limits of the pool.
        let _refused = setrlimit(resource, Rlimit { current, maximum });
    }
}

#[cfg(not(unix))]
mod limits {
    //! There is no such thing here: the limits of the pool are all.

    pub(super) fn memory(_: u64) {}

    pub(super) fn time(_: u64) {}
}
