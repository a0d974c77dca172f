//! The example with ranks of MPI: a real Open MPI, by `mpirun` on this machine and by Slurm's PMIx over two nodes.

use std::path::Path;
use std::process::Command;

use paramo_tests::slurm::Slurm;
use paramo_tests::{Answer, Desk};

/// Grids whose ranks exchange little: they wait for one another without rest, and there are more of them than cores.
const GRIDS: &str = "cells = [7, 15]";

/// The example's study, renamed and with other resources, on small grids and for a user who may be root.
fn study(name: &str, resources: &str) -> String {
    let text = include_str!("../../examples/heat/study.toml");
    let grids = text.lines().find(|line| line.starts_with("cells = [")).unwrap();
    let tasks = text.lines().find(|line| line.starts_with("tasks =")).unwrap();
    let text = text
        .replace(grids, GRIDS)
        .replace(tasks, resources)
        .replace("name = \"heat\"", &format!("name = \"{name}\""));
    format!(
        "{text}\n[application.environment]\nOMPI_ALLOW_RUN_AS_ROOT = \"1\"\nOMPI_ALLOW_RUN_AS_ROOT_CONFIRM = \"1\"\n"
    )
}

#[test]
fn ranks_of_mpi_speak_with_one_another_here_and_over_nodes() {
    let slurm = Slurm::start("mpi");
    let desk = Desk::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/heat/heat.c");
    let words = ["-O2", "-o", "heat"];
    let mut compiler = Command::new("mpicc");
    let built = compiler.current_dir(desk.path()).args(words).arg(source).arg("-lm").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    desk.file("here.toml", study("here", "tasks = 2"));
    desk.paramo(&["run", "here.toml"]).expect(0);
    desk.file("there.toml", study("there", "nodes = 2\ntasks = 3"));
    desk.file(
        "sites.toml",
        format!(
            "[sites.hpc]\nkind = \"slurm\"\ndirectory = \"{}\"\nback = \"127.0.0.1\"\n\
             launcher = \"srun --mpi=pmix --ntasks={{tasks}}\"\n[sites.hpc.pools.main]\nmaximum = 2\nwalltime = \"10 min\"\n",
            desk.path().join("site").display()
        ),
    );
    let run = slurm.paramo(&desk, &["run", "there.toml", "--site", "hpc"]).output().unwrap();
    Answer::from(run).expect(0);

    let rows = |study: &str| desk.paramo(&["export", study, "--columns", "cells,ranks,error"]).expect(0).out;
    let (here, there) = (rows("here"), rows("there"));
    assert_eq!(there, here.replace(",2,", ",3,"), "the same to the last digit, whoever computes it");
    let errors: Vec<f64> =
        here.lines().skip(1).map(|row| row.rsplit(',').next().unwrap().parse().unwrap()).collect();
    let [coarse, fine] = errors[..] else { panic!("{here}") };
    // Of second order: the grid of the second is twice as fine.
    assert!((coarse / fine - 4.0).abs() < 0.2, "{here}");
}
