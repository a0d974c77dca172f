//! Parts of the model whose answer is known in closed form.

use hes1::{Parameters, Region, Simulation};

/// A cell in which nothing happens; tests switch on what they are about.
fn inert() -> Parameters {
    Parameters {
        k1: 0.0,
        k2: 0.0,
        alpha_m: 0.0,
        alpha_p: 0.0,
        mu_m: 0.0,
        mu_p: 0.0,
        diffusion: 0.0,
        protein_start: 0,
        mrna_start: 0,
        ..Parameters::default()
    }
}

/// Σ (observed − expected)² / expected of the proteins over the voxels, against a uniform spread.
fn chi_square(simulation: &Simulation) -> f64 {
    let mut counts = vec![0.0; simulation.cell().len()];
    for &voxel in simulation.proteins() {
        counts[voxel as usize] += 1.0;
    }
    let expected = simulation.proteins().len() as f64 / counts.len() as f64;
    counts.iter().map(|n| (n - expected) * (n - expected) / expected).sum()
}

#[test]
fn diffusion_alone_spreads_evenly_over_nucleus_and_cytoplasm() {
    let parameters = Parameters { diffusion: 0.6, protein_start: 10_000, ..inert() };
    let mut simulation = Simulation::new(&parameters, 5).unwrap();
    let freedom = simulation.cell().len() as f64 - 1.0;
    let deviation = |simulation: &Simulation| (chi_square(simulation) - freedom) / (2.0 * freedom).sqrt();
    // At the start all are in the cytoplasm, which must show, or the test could not fail.
    assert_eq!(simulation.sample().protein_nucleus, 0);
    assert!(deviation(&simulation) > 10.0);
    // The slowest mode decays with R²/(4.33 D) = 22 min; 200 min leave e⁻⁹ of it.
    simulation.advance(200.0, 0.0).unwrap();
    assert!(deviation(&simulation).abs() < 4.0, "{}", deviation(&simulation));
    assert_eq!(simulation.proteins().len(), 10_000);
}

#[test]
fn molecules_spread_at_the_given_diffusion_coefficient() {
    // mRNAs are born in the centre at a constant rate for 5 min. The oldest lie spread with a variance of 2 D t = 1 µm²
    // along each axis, the mean of their ages has half of that, so about half a per cent are beyond 3 µm.
    let parameters = Parameters { diffusion: 0.1, alpha_m: 2000.0, ..inert() };
    let mut simulation = Simulation::new(&parameters, 8).unwrap();
    simulation.advance(5.0, 0.0).unwrap();
    let cytoplasm = f64::from(simulation.sample().mrna_cytoplasm) / f64::from(simulation.sample().mrna());
    // Twice the coefficient would carry 6 %, half of it 0.01 %.
    assert!((0.0005..0.02).contains(&cytoplasm), "{cytoplasm}");
}

#[test]
fn births_and_deaths_of_mrna_are_poisson_distributed() {
    let parameters = Parameters { alpha_m: 3.0, mu_m: 0.015, ..inert() };
    let mut simulation = Simulation::new(&parameters, 2).unwrap();
    let n = 1000;
    let counts: Vec<f64> = (1..=n)
        .map(|i| {
            // Three lifetimes apart, so nearly independent; the first thousand minutes are left out.
            simulation.advance(1000.0 + 200.0 * f64::from(i), 0.0).unwrap();
            f64::from(simulation.sample().mrna())
        })
        .collect();
    let mean = counts.iter().sum::<f64>() / f64::from(n);
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / f64::from(n);
    let expected: f64 = 3.0 / 0.015;
    assert!((mean - expected).abs() < 4.0 * (expected / f64::from(n)).sqrt() * 1.06, "{mean}");
    assert!((variance - expected).abs() < 4.0 * expected * (2.0 / f64::from(n)).sqrt() * 1.06, "{variance}");
}

#[test]
fn the_promoter_is_one_and_binding_keeps_the_proteins() {
    let parameters = Parameters { diffusion: 0.6, k1: 1e9, k2: 0.1, protein_start: 300, ..inert() };
    let mut simulation = Simulation::new(&parameters, 3).unwrap();
    let gene = simulation.cell().promoter();
    assert_eq!(simulation.cell().region(gene), Region::Nucleus);
    let mut seen = [false; 2];
    for minute in 1..=2000 {
        simulation.advance(f64::from(minute), 0.0).unwrap();
        let sample = simulation.sample();
        seen[usize::from(sample.occupied)] = true;
        assert_eq!(sample.protein() + u32::from(sample.occupied), 300);
        let beside = simulation.proteins().iter().filter(|&&v| v == gene).count();
        assert_eq!(beside as u32, simulation.near_promoter());
    }
    assert_eq!(seen, [true, true], "the promoter must have been both free and occupied");
    assert!(simulation.tally().bindings > 10);
}

#[test]
fn binding_and_unbinding_balance_at_the_law_of_mass_action() {
    // In a closed cell detailed balance fixes the odds: N · binding rate per protein / (voxels · k2), whatever D is.
    let parameters = Parameters { diffusion: 0.6, k1: 1e9, k2: 0.1, protein_start: 100, ..inert() };
    let mut simulation = Simulation::new(&parameters, 4).unwrap();
    let (warmup, time) = (500.0, 40_500.0);
    simulation.advance(time, warmup).unwrap();
    let odds = 100.0 * parameters.binding_per_protein() / (simulation.cell().len() as f64 * parameters.k2);
    let expected = odds / (1.0 + odds);
    let measured = simulation.tally().occupied / (time - warmup);
    assert!((measured - expected).abs() < 0.05, "{measured} instead of {expected}");
}

#[test]
fn a_dead_cell_stays_as_it_is_and_comes_to_the_end() {
    let mut simulation =
        Simulation::new(&Parameters { protein_start: 5, mrna_start: 5, ..inert() }, 1).unwrap();
    simulation.advance(1e6, 0.0).unwrap();
    assert_eq!((simulation.sample().protein(), simulation.sample().mrna()), (5, 5));
    assert_eq!(simulation.tally().events, 0);
}
