//! `paramo site` and `paramo mirror` on a Slurm with accounting, which tells how jobs ended.

use paramo_tests::slurm::Slurm;
use paramo_tests::{Answer, Desk};

use crate::sites::described;

#[test]
fn ends_are_asked_of_the_accounting_where_there_is_one() {
    let slurm = Slurm::start("accounting");
    let desk = Desk::new();
    desk.file("b.toml", described(&desk, ""));
    desk.file("sites.toml", format!("[sites.here]\n{}", described(&desk, "")));
    let typed =
        |words: &[&str]| Answer::from(desk.command(words).env("SLURM_CONF", slurm.conf()).output().unwrap());
    let answer = typed(&["site", "test", "here", "--json"]).expect(0);
    let checks = answer.json();
    let check = checks.iter().find(|check| check["check"] == "accounting").unwrap();
    assert_eq!(check["verdict"], "ok", "{check}");
    for (script, code, said) in
        [("exit 7", 7, "failed with exit code 7"), ("kill -11 $$", 139, "was ended by signal 11")]
    {
        desk.file(
            "j.toml",
            format!(
                "name = \"hello\"\nscript = '''\n#!/bin/bash\n{script}\n'''\n[resources]\nmemory = \"20 MiB\"\n"
            ),
        );
        let answer = typed(&["mirror", "--backend", "b.toml", "--job", "j.toml"]).expect(code);
        assert!(answer.err.contains(said), "{}", answer.err);
        let job = answer.err.split("mirror: job ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
        let words = ["sacct", "--noheader", "--parsable2", "--allocations", "--format=State", "--jobs", job];
        assert_eq!(slurm.type_in(&words), "FAILED");
    }
}
