//! `lichen key`: keys for programs that ask over the network.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use lichen_server::ask::{Ask, CreateKeyAsk, RotateKeyAsk};

use super::{Context, answer};
use crate::output::Output;

/// Make and revoke keys for programs that ask over the network
///
/// A key is shown once, when it is made; the store keeps a hash of it. What is changed here counts at once, for a server that runs, too.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lichen key create editor --scope read
  lichen key create ci --scope read,write --stream 'ci-*' --expires 90d
  lichen key list
  lichen key rotate 1f2e3d4c --overlap 7d
  lichen key revoke 1f2e3d4c
  lichen key log")]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key, which is printed this once
    Create {
        /// What to call it
        name: String,
        /// What it may do; none implies another
        #[arg(long = "scope", value_enum, value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
        /// The only streams it sees, by name; `*` at the end stands for all that begin so
        #[arg(long = "stream", value_name = "NAME")]
        streams: Vec<String>,
        /// When it is refused: a date, a time, or a length of time from now such as `90d`
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
    /// Every key: what it may do, whether it is in use, when it was used last
    List,
    /// Put a new key in the place of an old one, which works on for a while
    Rotate {
        /// The old key's id
        id: String,
        /// How long the old one works on: `1h`, `7d`, `0s`
        #[arg(long, value_name = "TIME", default_value = "1d")]
        overlap: String,
        /// When the new one is refused; as the old one where nothing is said
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
    },
    /// Refuse a key from now on
    Revoke {
        /// The key's id
        id: String,
    },
    /// What was done to keys, and by whom
    Log,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// Ask
    Read,
    /// Send messages, work on windows
    Write,
    /// Move windows out of the store
    Archive,
    /// Keys, checks, SQL
    Admin,
}

impl Scope {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Archive => "archive",
            Self::Admin => "admin",
        }
    }
}

pub(super) fn run(
    args: &KeyArgs,
    context: &Context<'_>,
    output: &mut Output,
) -> anyhow::Result<ExitCode> {
    let ask = match &args.action {
        Action::Create { name, scopes, streams, expires } => Ask::CreateKey(CreateKeyAsk {
            name: name.clone(),
            scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            streams: (!streams.is_empty()).then(|| streams.clone()),
            expires: expires.clone(),
        }),
        Action::List => Ask::Keys,
        Action::Rotate { id, overlap, expires } => Ask::RotateKey(
            id.clone(),
            RotateKeyAsk { overlap: overlap.clone(), expires: expires.clone() },
        ),
        Action::Revoke { id } => Ask::RevokeKey(id.clone()),
        Action::Log => Ask::Audit,
    };
    let reply = answer(&ask, &mut *context.memory(output, false)?, output)?;
    reply.notes.iter().for_each(|note| output.note(note));
    Ok(ExitCode::SUCCESS)
}
