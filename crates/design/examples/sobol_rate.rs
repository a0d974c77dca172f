//! How long 10⁷ Sobol' points of 10 dimensions take on one core. `cargo run --release -p paramo-design --example sobol_rate`
//!
//! `tests/designs/compare.py --rate target/release/examples/sobol_rate` puts it beside SciPy.

use std::hint::black_box;
use std::time::Instant;

use paramo_design::{Design, METHODS, Options, Sampler};
use paramo_model::Setting;

const POINTS: u64 = 10_000_000;
const DIMENSIONS: usize = 10;
/// Points made at a time: they stay in the first cache.
const BLOCK: u64 = 1 << 8;

fn main() {
    let Some(sobol) = METHODS.iter().find(|method| method.name() == "sobol") else { return };
    for scramble in ["none", "shift", "owen"] {
        let options = Options::new([("scramble".to_owned(), Setting::Value(scramble.into()))].into());
        let design =
            Design { count: Some(POINTS), start: 0, seed: 1, dimensions: DIMENSIONS, options: &options };
        match sobol.build(&design) {
            Ok(points) => measure(scramble, &*points),
            Err(refusal) => eprintln!("{}", refusal.message),
        }
    }
}

fn measure(scramble: &str, points: &dyn Sampler) {
    let mut block = vec![0.0; BLOCK as usize * DIMENSIONS];
    let in_blocks = least(|| {
        for first in (0..POINTS).step_by(BLOCK as usize) {
            let few = (POINTS - first).min(BLOCK) as usize * DIMENSIONS;
            points.block(first, DIMENSIONS, &mut block[..few]);
            black_box(&block);
        }
    });
    println!("Paramo {scramble}, blocks: {in_blocks:.3} s");
    let whole = least(|| {
        let mut all = vec![0.0; POINTS as usize * DIMENSIONS];
        points.block(0, DIMENSIONS, &mut all);
        black_box(&all);
    });
    println!("Paramo {scramble}, one array: {whole:.3} s");
    let alone = least(|| {
        let mut point = [0.0; DIMENSIONS];
        for index in 0..POINTS {
            // An order in which nothing is shared from one point to the next.
            points.fill(index.wrapping_mul(7_654_321) % POINTS, &mut point);
            black_box(&point);
        }
    });
    println!("Paramo {scramble}, one by one in any order: {alone:.3} s");
}

/// Seconds of this thread on a processor where the kernel counts them, else seconds; the least of three times.
fn least(mut what: impl FnMut()) -> f64 {
    let time = |_| {
        let (started, counted) = (Instant::now(), on_processor());
        what();
        match (counted, on_processor()) {
            (Some(before), Some(after)) => after - before,
            _ => started.elapsed().as_secs_f64(),
        }
    };
    (0..3).map(time).fold(f64::INFINITY, f64::min)
}

/// Others' work does not lengthen it.
fn on_processor() -> Option<f64> {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(counted.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
