//! How long a point takes, and how large a space may be. `cargo run --release -p paramo-design --example point_rate`

use std::hint::black_box;
use std::time::Instant;

use paramo_design::{Sequence, Space};
use paramo_model::{
    Axis, Block, Distribution, Factor, Name, NameError, Order, Parameter, ParameterType, Sample, Scale,
    SpaceSpec, Steps,
};

const POINTS: u64 = 1_000_000;

fn main() -> Result<(), NameError> {
    let grid = [
        ("k1", range(1e8, 2e9, 1000, Scale::Log)),
        ("k2", range(1e-2, 2e-1, 1000, Scale::Linear)),
        ("seed", Axis::Replicate { count: 1000, seed: None }),
    ];
    let linear = [
        ("k1", range(0.0, 1.0, 1000, Scale::Linear)),
        ("k2", range(1e-2, 2e-1, 1000, Scale::Linear)),
        ("seed", Axis::Replicate { count: 1000, seed: Some(1) }),
    ];
    for (what, axes) in [("grid of 3 axes, one logarithmic", grid), ("grid of 3 axes, with seeds", linear)] {
        let factors = axes
            .into_iter()
            .map(|(name, axis)| Ok(Factor::Axis(Name::new(name)?, axis)))
            .collect::<Result<_, NameError>>()?;
        measure(what, factors, &["k1", "k2", "seed"])?;
    }
    let names: Vec<String> = (0..10).map(|i| format!("x{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for method in ["random", "latin-hypercube", "sobol"] {
        let dimensions = names
            .iter()
            .map(|name| Ok((Name::new(name)?, Distribution::Uniform { from: 0.0, to: 1.0 })))
            .collect::<Result<_, NameError>>()?;
        let sample = Sample {
            method: method.to_owned(),
            count: Some(1 << 30),
            seed: 1,
            dimensions,
            ..Sample::default()
        };
        measure(&format!("{method} of 10 dimensions"), vec![Factor::Sample(sample)], &names)?;
    }
    Ok(())
}

fn range(from: f64, to: f64, count: u64, scale: Scale) -> Axis {
    Axis::Range { from: from.into(), to: to.into(), steps: Steps::Count(count), scale }
}

fn measure(what: &str, factors: Vec<Factor>, names: &[&str]) -> Result<(), NameError> {
    let parameters = names
        .iter()
        .map(|name| Ok(Parameter::new(Name::new(name)?, ParameterType::Float)))
        .collect::<Result<Vec<_>, NameError>>()?;
    let spec = SpaceSpec { blocks: vec![Block { factors, condition: None }] };
    let started = Instant::now();
    let space = match Space::new(&spec, &parameters) {
        Ok(space) => space,
        Err(wrong) => {
            wrong.iter().for_each(|diagnostic| eprintln!("{diagnostic}"));
            return Ok(());
        }
    };
    println!("{what}: {} points, ready in {:.1} µs", space.len(), started.elapsed().as_secs_f64() * 1e6);
    let step = space.len() / POINTS;
    let started = Instant::now();
    for i in 0..POINTS {
        black_box(space.point(black_box(i * step)));
    }
    report("point", started);
    let mut point = Vec::new();
    let started = Instant::now();
    for i in 0..POINTS {
        black_box(space.point_into(black_box(i * step), &mut point));
    }
    report("point_into", started);
    for (word, order) in [("random", Order::Random(1)), ("coarse", Order::Coarse)] {
        let started = Instant::now();
        black_box(
            Sequence::new(&space, order, 0, space.len()).take(POINTS as usize).fold(0, |sum, i| sum ^ i),
        );
        report(&format!("next index, {word} order"), started);
    }
    Ok(())
}

fn report(what: &str, started: Instant) {
    println!("  {what}: {:.0} ns", started.elapsed().as_secs_f64() * 1e9 / POINTS as f64);
}
