//! Development only: what is measured and proved about the product as a whole. It must never be a dependency of anything.

mod check;
mod child;
mod clock;
mod crash;
mod damage;
mod latency;
mod live;
mod load;
mod memory;
mod oracle;
mod output;
mod power;
mod scratch;
mod seeded;
mod writer;

use clap::{Parser, Subcommand};

/// Measures Lichen under load and proves what it promises about crashes.
#[derive(Parser)]
#[command(name = "lichen-bench", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Latency and throughput of live messages, beside the bare database
    Live(live::Arguments),
    /// Kills a writer again and again and looks for what was lost
    Crash(crash::Arguments),
    /// Damages the logs that a killed writer left and looks for what was lost
    Damage(damage::Arguments),
    /// Cuts the power of a file system under a writer and looks for what was lost
    Power(power::Arguments),
    /// The process that the proofs kill
    #[command(hide = true)]
    Writer(writer::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Live(arguments) => live::run(&arguments),
        Command::Crash(arguments) => crash::run(&arguments),
        Command::Damage(arguments) => damage::run(&arguments),
        Command::Power(arguments) => power::run(&arguments),
        Command::Writer(arguments) => writer::run(&arguments),
    }
}
