//! The `hes1` command: one run, one JSON document on standard output.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hes1::Parameters;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 1e9)]
    k1: f64,
    #[arg(long, default_value_t = 0.1)]
    k2: f64,
    #[arg(long, default_value_t = 0.9)]
    voxel: f64,
    #[arg(long, default_value_t = 0.6)]
    diffusion: f64,
    #[arg(long, default_value_t = 6000.)]
    time: f64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long)]
    series: Option<PathBuf>,
}
fn main() -> ExitCode {
    let o = Options::parse();
    let p = Parameters { k1: o.k1, k2: o.k2, voxel: o.voxel, diffusion: o.diffusion, time: o.time, ..Default::default() };
    let out = hes1::run(&p, o.seed).expect("x");
    println!("{}", serde_json::to_string(&out.summary).expect("y"));
    if let Some(f) = o.series {
        out.series.write_csv(std::fs::File::create(f).expect("f")).expect("z");
    }
    ExitCode::SUCCESS
}
