//! Where the model has a rhythm and where it has none.
//!
//! The model is that of Sturrock et al. (2013), who explain the "noisy cyclic expression" of Hes1 with it. That cycling depends on
//! the repression of the gene by its own protein and on the protein's degradation is the finding of Hirata et al. (2002) which the
//! model is built on: take either away, and it must stop.

use hes1::{Parameters, Summary, run};

/// Coarser than the default for speed; the README compares the grids.
fn coarse() -> Parameters {
    Parameters { voxel: 2.0, ..Parameters::default() }
}

fn runs(parameters: &Parameters, seeds: u64) -> Vec<Summary> {
    (1..=seeds).map(|seed| run(parameters, seed).unwrap().summary).collect()
}

#[test]
fn the_published_rates_give_a_rhythm_of_two_to_four_hours() {
    let found = runs(&coarse(), 4);
    assert!(found.iter().all(|s| s.oscillates), "{found:#?}");
    let mean = found.iter().filter_map(|s| s.period).sum::<f64>() / 4.0;
    assert!((120.0..240.0).contains(&mean), "{mean}");
}

#[test]
fn without_binding_to_the_promoter_there_is_none() {
    let found = runs(&Parameters { k1: 1e4, alpha_m: 0.5, ..coarse() }, 4);
    assert!(found.iter().all(|s| !s.oscillates && s.resonance < 1.5), "{found:#?}");
    assert!(found.iter().all(|s| s.occupied_fraction < 0.01));
}

#[test]
fn binding_that_does_not_repress_gives_none() {
    let found = runs(&Parameters { gamma: 1.0, alpha_m: 0.5, ..coarse() }, 4);
    assert!(found.iter().all(|s| !s.oscillates && s.resonance < 1.5), "{found:#?}");
    // The promoter does switch; it only makes no difference.
    assert!(found.iter().all(|s| (0.3..0.99).contains(&s.occupied_fraction)));
}

#[test]
fn a_protein_that_is_not_degraded_gives_none() {
    let found = runs(&Parameters { mu_p: 0.002, ..coarse() }, 3);
    assert!(found.iter().all(|s| !s.oscillates && s.resonance < 1.5), "{found:#?}");
    // It piles up and keeps the gene off nearly all the time.
    assert!(found.iter().all(|s| s.protein_mean > 4000.0 && s.occupied_fraction > 0.95));
}

#[test]
fn without_enough_protein_there_is_none() {
    let found = runs(&Parameters { alpha_p: 0.005, ..coarse() }, 4);
    assert!(found.iter().all(|s| !s.oscillates), "{found:#?}");
}

#[test]
fn stronger_affinity_represses_more() {
    let short = Parameters { time: 6000.0, ..coarse() };
    let loose = run(&Parameters { k1: 1e8, k2: 0.2, ..short.clone() }, 1).unwrap().summary;
    let tight = run(&Parameters { k1: 2e9, k2: 0.01, ..short }, 1).unwrap().summary;
    assert!(loose.protein_mean > 4.0 * tight.protein_mean);
    assert!(loose.occupied_fraction < tight.occupied_fraction);
}
