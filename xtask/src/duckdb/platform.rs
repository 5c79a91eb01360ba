//! The platforms that a prebuilt library is known for, and the one file that is accepted on each.

/// The library's file on this operating system.
pub(super) const LIBRARY_FILE: &str = if cfg!(windows) {
    "duckdb.dll"
} else if cfg!(target_os = "macos") {
    "libduckdb.dylib"
} else {
    "libduckdb.so"
};

/// Every file that linking or running may need on this operating system.
pub(super) const FILES: &[&str] =
    if cfg!(windows) { &[LIBRARY_FILE, "duckdb.lib"] } else { &[LIBRARY_FILE] };

/// A file and its content.
pub(super) struct Pin {
    pub(super) file: &'static str,
    /// In lower-case hexadecimal digits.
    pub(super) sha256: &'static str,
}

/// What is fetched and expected on one platform.
pub(super) struct Platform {
    pub(super) name: &'static str,
    /// The archive's name in the official release, without `libduckdb-` and `.zip`.
    pub(super) archive: &'static str,
    /// The npm package's name without `@duckdb/node-bindings-`; none where it lacks a file.
    pub(super) npm: Option<&'static str>,
    pub(super) files: &'static [Pin],
}

impl Platform {
    /// The platform this program was compiled for, which is the one it runs on.
    pub(super) fn host() -> Option<&'static Self> {
        if cfg!(target_env = "musl") {
            return None;
        }
        let name = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        PLATFORMS.iter().find(|platform| platform.name == name)
    }
}

/// The archive for macOS is universal: one file for both processors.
const MACOS: &[Pin] = &[Pin {
    file: "libduckdb.dylib",
    sha256: "b9027d18ef3e8d960568f77e946a83ca68009cb22d71cf7f94de842afdd094d8",
}];

/// `DuckDB` 1.5.5.
///
/// The pins were computed from the npm packages. Their publisher builds them from the official release archives, so one pin
/// serves both; `docs/decisions/duckdb.md` says how far that was checked. A file that differs is refused wherever it comes from.
/// The npm packages lack the import library that Windows links against.
pub(super) const PLATFORMS: &[Platform] = &[
    Platform {
        name: "linux-x86_64",
        archive: "linux-amd64",
        npm: Some("linux-x64"),
        files: &[Pin {
            file: "libduckdb.so",
            sha256: "fc23f12e376c47be520f75221288281906e7942e8fd6f6ce4849198ba60d0405",
        }],
    },
    Platform {
        name: "linux-aarch64",
        archive: "linux-arm64",
        npm: Some("linux-arm64"),
        files: &[Pin {
            file: "libduckdb.so",
            sha256: "d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e",
        }],
    },
    Platform {
        name: "macos-x86_64",
        archive: "osx-universal",
        npm: Some("darwin-x64"),
        files: MACOS,
    },
    Platform {
        name: "macos-aarch64",
        archive: "osx-universal",
        npm: Some("darwin-arm64"),
        files: MACOS,
    },
    Platform {
        name: "windows-x86_64",
        archive: "windows-amd64",
        npm: None,
        files: &[
            Pin {
                file: "duckdb.dll",
                sha256: "2b7468a4ad844429e6af2fde0b5f91893e8130a5686a88f11442ab547c7ede46",
            },
            Pin {
                file: "duckdb.lib",
                sha256: "4c15219822ccb18714666f4550a3c766d5d02da1269be2d57c166c56347615d9",
            },
        ],
    },
];
