//! The whole network against the plainest solver there is: Gillespie's direct method over voxel counts, every
//! propensity summed anew for every event. Slow and independent of the crate's event loop.

use hes1::{Cell, Parameters, Random, Region, Simulation};

/// Means over time of protein, mRNA and promoter occupation, sampled every ten minutes.
fn plain(p: &Parameters, seed: u64) -> [f64; 3] {
    let cell = Cell::new(p);
    let n = cell.len();
    let gene = cell.promoter() as usize;
    let mut random = Random::new(seed);
    let (mut mrna, mut protein, mut occupied) = (vec![0i64; n], vec![0i64; n], 0i64);
    let (mut time, mut next) = (0.0, p.warmup);
    let (mut sums, mut samples) = ([0.0; 3], 0.0);
    while time < p.time {
        let translation = |v: usize| match cell.region(v as u32) {
            Region::Cytoplasm => p.alpha_p,
            Region::Nucleus => 0.0,
        };
        let free = (1 - occupied) as f64;
        let bind = free * p.binding_per_protein() * protein[gene] as f64;
        let promoter =
            [bind, occupied as f64 * p.k2, free * p.alpha_m, occupied as f64 * p.alpha_m / p.gamma];
        let of_voxel = |v: usize, mrna: &[i64], protein: &[i64]| {
            mrna[v] as f64 * (6.0 * p.hop() + p.mu_m + translation(v))
                + protein[v] as f64 * (6.0 * p.hop() + p.mu_p)
        };
        let voxels: f64 = (0..n).map(|v| of_voxel(v, &mrna, &protein)).sum();
        let total = voxels + promoter.iter().sum::<f64>();
        time += random.exponential() / total;
        while next < time.min(p.time) {
            sums[0] += protein.iter().sum::<i64>() as f64;
            sums[1] += mrna.iter().sum::<i64>() as f64;
            sums[2] += occupied as f64;
            samples += 1.0;
            next += 10.0;
        }
        let mut pick = random.uniform() * total;
        if let Some(which) = promoter.iter().position(|rate| take(&mut pick, *rate)) {
            match which {
                0 => (occupied, protein[gene]) = (1, protein[gene] - 1),
                1 => (occupied, protein[gene]) = (0, protein[gene] + 1),
                _ => mrna[gene] += 1,
            }
            continue;
        }
        let Some(v) = (0..n).find(|&v| take(&mut pick, of_voxel(v, &mrna, &protein))) else { continue };
        // `take` has subtracted the voxel's rate only if it was passed over, so `pick` lies within the voxel.
        if take(&mut pick, mrna[v] as f64 * p.mu_m) {
            mrna[v] -= 1;
        } else if take(&mut pick, mrna[v] as f64 * translation(v)) {
            protein[v] += 1;
        } else if take(&mut pick, protein[v] as f64 * p.mu_p) {
            protein[v] -= 1;
        } else {
            for face in cell.neighbours(v as u32).map(|w| w as usize) {
                if take(&mut pick, mrna[v] as f64 * p.hop()) {
                    (mrna[v], mrna[face]) = (mrna[v] - 1, if face == v { mrna[v] } else { mrna[face] + 1 });
                    break;
                }
                if take(&mut pick, protein[v] as f64 * p.hop()) {
                    (protein[v], protein[face]) =
                        (protein[v] - 1, if face == v { protein[v] } else { protein[face] + 1 });
                    break;
                }
            }
        }
    }
    sums.map(|sum| sum / samples)
}

/// Whether `pick` falls below `rate`; if not, takes it off.
fn take(pick: &mut f64, rate: f64) -> bool {
    let hit = *pick < rate;
    if !hit {
        *pick -= rate;
    }
    hit
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn the_event_loop_samples_the_same_process_as_the_plain_direct_method() {
    // A small cell with few molecules, in which every reaction happens often.
    let parameters = Parameters {
        cell_radius: 3.0,
        nucleus_radius: 1.5,
        voxel: 1.5,
        alpha_m: 0.5,
        gamma: 10.0,
        k1: 3e8,
        time: 4000.0,
        sample: 10.0,
        protein_start: 0,
        mrna_start: 0,
        ..Parameters::default()
    };
    let plain: Vec<[f64; 3]> = (0..10).map(|seed| plain(&parameters, seed)).collect();
    let ours: Vec<[f64; 3]> = (0..40)
        .map(|seed| {
            let (series, _) = Simulation::run(&parameters, 1000 + seed).unwrap();
            let kept = series.after(parameters.warmup);
            let mean = |f: &dyn Fn(&hes1::Sample) -> f64| kept.iter().map(f).sum::<f64>() / kept.len() as f64;
            [
                mean(&|s| f64::from(s.protein())),
                mean(&|s| f64::from(s.mrna())),
                mean(&|s| f64::from(u8::from(s.occupied))),
            ]
        })
        .collect();
    for (i, name) in ["protein", "mRNA", "occupation"].into_iter().enumerate() {
        let (a, error_a) = mean_and_error(&plain.iter().map(|m| m[i]).collect::<Vec<_>>());
        let (b, error_b) = mean_and_error(&ours.iter().map(|m| m[i]).collect::<Vec<_>>());
        let error = error_a.hypot(error_b);
        assert!(error < 0.06 * a, "{name}: too noisy to compare, {error} of {a}");
        assert!((a - b).abs() < 4.0 * error, "{name}: plain {a} ± {error_a}, ours {b} ± {error_b}");
    }
}
