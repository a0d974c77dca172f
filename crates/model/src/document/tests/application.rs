//! What is said about an application that is wrong.

use super::*;

#[test]
fn units_are_explained() {
    insta::assert_snapshot!(errors(&HES1.replace("256 MiB", "256 QiB").replace("\"10 min\"", "10")), @r#"
    `application.resources.memory`: `256 QiB` is not an amount of memory; write a number and a unit, such as "256 MiB" or "2 GB"
      --> study.toml:8:10
       |
     8 | memory = "256 QiB"
       |          ^^^^^^^^^

    `application.resources.time`: expected a length of time, such as "10 min", found the integer 10
      --> study.toml:9:8
       |
     9 | time = 10
       |        ^^
    "#);
}

#[test]
fn declared_parameters_are_what_the_space_may_give() {
    let text = "name = \"s\"\n[application]\ncommand = \"sim {rate} {mode}\"\n[application.parameters]\n\
                rate = { type = \"float\", min = 0, max = 1 }\nmode = { choices = [\"fast\", \"slow\"] }\nidle = \"integer\"\n\
                [space]\nrate = [0.5, 1.5]\nraet = 1\nmode = [\"fast\", \"fats\"]\n";
    insta::assert_snapshot!(errors(text), @r#"
    `application.parameters.idle`: `idle` has no value anywhere
      --> study.toml:7:1
       |
     7 | idle = "integer"
       | ^^^^
       = help: give it an axis or a value in [space], or a `default` here

    `space.rate.1`: 1.5 is above the maximum 1
      --> study.toml:9:14
       |
     9 | rate = [0.5, 1.5]
       |              ^^^

    `space.raet`: there is no parameter `raet`: it is neither declared nor used in the application
       --> study.toml:10:1
        |
     10 | raet = 1
        | ^^^^
        = help: declare it in [application.parameters] and put {raet} into the command, or remove it here

    `space.mode.1`: `fats` is not one of `fast`, `slow`
       --> study.toml:11:17
        |
     11 | mode = ["fast", "fats"]
        |                 ^^^^^^
    "#);
}

#[test]
fn declarations_are_checked() {
    let text = "name = \"s\"\n[application]\ncommand = \"sim\"\n[application.parameters]\na = \"flaot\"\nb = \"choice\"\n\
                c = { min = 1 }\nd = { type = \"float\", min = 2, max = 1, default = 1 }\n\
                e = { type = \"integer\", default = 0.5 }\nf = { type = \"string\", min = 0, default = \"x\" }\n\
                sample = { default = 1 }\n2x = { default = 1 }\ng = { type = \"integer\", choices = [1, \"a\"] }\n";
    insta::assert_snapshot!(errors(text), @r#"
    `application.parameters.a`: expected a type: one of "integer", "float", "string", "boolean", "choice", "file", found "flaot"
      --> study.toml:5:5
       |
     5 | a = "flaot"
       |     ^^^^^^^
       = help: did you mean `float`?

    `application.parameters.b`: a choice needs its values: write { choices = ["a", "b"] }
      --> study.toml:6:5
       |
     6 | b = "choice"
       |     ^^^^^^^^

    `application.parameters.c`: `type` is missing: one of "integer", "float", "string", "boolean", "file"
      --> study.toml:7:5
       |
     7 | c = { min = 1 }
       |     ^^^^^^^^^^^

    `application.parameters.d.min`: no value is at least 2 and at most 1
      --> study.toml:8:29
       |
     8 | d = { type = "float", min = 2, max = 1, default = 1 }
       |                             ^
       = help: swap `min` and `max`

    `application.parameters.e.default`: expected an integer, found the float 0.5
      --> study.toml:9:35
       |
     9 | e = { type = "integer", default = 0.5 }
       |                                   ^^^

    `application.parameters.f.min`: bounds belong to integers and floats, not to a string
       --> study.toml:10:24
        |
     10 | f = { type = "string", min = 0, default = "x" }
        |                        ^^^

    `application.parameters.sample`: `sample` has a meaning in [space] and cannot be a parameter's name
       --> study.toml:11:1
        |
     11 | sample = { default = 1 }
        | ^^^^^^
        = help: give the parameter another name

    `application.parameters.2x`: `2x` is not a name: it starts with a letter or `_`, not with `2`
       --> study.toml:12:1
        |
     12 | 2x = { default = 1 }
        | ^^

    `application.parameters.g.choices.1`: expected an integer, found the string "a"
       --> study.toml:13:39
        |
     13 | g = { type = "integer", choices = [1, "a"] }
        |                                       ^^^
    "#);
}

#[test]
fn names_must_not_clash() {
    let text = "name = \"s\"\n[application]\ncommand = \"sim {x}\"\n[application.outputs]\nx = { json = \"x\" }\n[space]\n\
                x = 1\nzip = { x = [1, 2] }\n";
    insta::assert_snapshot!(errors(text), @r#"
    `application.outputs.x`: `x` is a parameter and an output; both are columns of the result table
      --> study.toml:5:1
       |
     5 | x = { json = "x" }
       | ^
       = help: give the output another name

    `space.zip.x`: `x` gets its values in two places of this block
      --> study.toml:8:9
       |
     8 | zip = { x = [1, 2] }
       |         ^
    "#);
}

#[test]
fn commands_are_checked() {
    let bad = |command: &str| errors(&format!("name = \"s\"\n[application]\n{command}\n"));
    let all = [
        "command = \"sim | tee log\"",
        "command = \"sim 'a\"",
        "command = []",
        "command = \"\"",
        "command = \"sim {paramo.idx}\"",
        "command = [\"sim\", \"{x}\"]\nfunction = \"a:b\"",
        "python = \"python3\"",
        "command = \"sim\"\nsource = \"def f(): pass\"",
        "function = \"model.py\"",
        "command = \"sim\"\nfiles = { \"/etc/x\" = \"a\", \"../x\" = \"b\", \"y\" = { template = \"none.tmpl\" }, \"z\" = { template = \"latin1.tmpl\" } }",
        "command = \"sim\"\nsuccess = { exit_codes = [], pattern = \"(a\" }",
        "command = \"sim\"\nenvironment = { \"A=B\" = 1, C = [] }",
    ]
    .map(bad);
    insta::assert_snapshot!(all.join("\n"), @r#"
    `application.command`: `|` needs a shell, and commands run without one
      --> study.toml:3:16
       |
     3 | command = "sim | tee log"
       |                ^
       = help: write `command = ["sh", "-c", "…"]`, or put the word in quotes

    `application.command`: a word that begins with ' must end with '
      --> study.toml:3:16
       |
     3 | command = "sim 'a"
       |                ^^

    `application.command`: the command is empty
      --> study.toml:3:11
       |
     3 | command = []
       |           ^^

    `application.command`: the command is empty
      --> study.toml:3:11
       |
     3 | command = ""
       |           ^^

    `application.command`: `{paramo.idx}` is not a name that Paramo knows; they are {paramo.index}, {paramo.attempt}, {paramo.study}, {paramo.source}, {paramo.directory}, {paramo.cpus}
      --> study.toml:3:16
       |
     3 | command = "sim {paramo.idx}"
       |                ^^^^^^^^^^^^

    `application.function`: expected either `command` or `function`, found both
      --> study.toml:4:1
       |
     4 | function = "a:b"
       | ^^^^^^^^

    `application`: expected `command = ["program", "{parameter}"]` or `function = "module:name"`, found neither
      --> study.toml:2:1
       |
     2 | [application]
       | ^^^^^^^^^^^^^

    `application.python`: `python` goes with `function`; a command names its interpreter itself
      --> study.toml:3:1
       |
     3 | python = "python3"
       | ^^^^^^

    `application.source`: `source` goes with `function`: it is the text of the module with the function
      --> study.toml:4:1
       |
     4 | source = "def f(): pass"
       | ^^^^^^

    `application.function`: expected a function as "module:name", found "model.py"
      --> study.toml:3:12
       |
     3 | function = "model.py"
       |            ^^^^^^^^^^
       = help: for `def simulate(…)` in model.py write "model:simulate"

    `application.files./etc/x`: expected a path inside the run's directory, found `/etc/x`
      --> study.toml:4:22
       |
     4 | files = { "/etc/x" = "a", "../x" = "b", "y" = { template = "none.tmpl" }, "z" = { template = "latin1.tmpl" } }
       |                      ^^^

    `application.files.../x`: expected a path inside the run's directory, found `../x`
      --> study.toml:4:36
       |
     4 | files = { "/etc/x" = "a", "../x" = "b", "y" = { template = "none.tmpl" }, "z" = { template = "latin1.tmpl" } }
       |                                    ^^^

    `application.files.y.template`: cannot read none.tmpl: no such file
      --> study.toml:4:60
       |
     4 | files = { "/etc/x" = "a", "../x" = "b", "y" = { template = "none.tmpl" }, "z" = { template = "latin1.tmpl" } }
       |                                                            ^^^^^^^^^^^

    `application.files.z.template`: latin1.tmpl is not UTF-8 text: byte 3 is wrong
      --> study.toml:4:94
       |
     4 | files = { "/etc/x" = "a", "../x" = "b", "y" = { template = "none.tmpl" }, "z" = { template = "latin1.tmpl" } }
       |                                                                                              ^^^^^^^^^^^^^

    `application.success.exit_codes`: expected at least one exit code, such as [0]
      --> study.toml:4:26
       |
     4 | success = { exit_codes = [], pattern = "(a" }
       |                          ^^

    `application.success.pattern`: not a regular expression: unclosed group
      --> study.toml:4:40
       |
     4 | success = { exit_codes = [], pattern = "(a" }
       |                                        ^^^^

    `application.environment.A=B`: the name of an environment variable is not empty and has no `=`
      --> study.toml:4:17
       |
     4 | environment = { "A=B" = 1, C = [] }
       |                 ^^^^^

    `application.environment.C`: expected a number, a string, true or false, found an empty list
      --> study.toml:4:32
       |
     4 | environment = { "A=B" = 1, C = [] }
       |                                ^^
    "#);
}
