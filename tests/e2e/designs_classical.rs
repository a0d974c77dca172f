//! Classical designs and sensitivity matrices: their points beside those of pyDOE3 and SALib, what is said of them, and
//! points that come from a file.

use std::process::Command;

use paramo_tests::{Answer, Desk, binary, python_of_peers, repository};

#[test]
fn designs_and_matrices_are_those_of_pydoe_and_salib() {
    let script = repository().join("tests/designs/classical.py");
    let output =
        Command::new(python_of_peers()).args(["-B"]).arg(script).arg(binary("paramo")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.lines().count() > 140, "few comparisons were made:\n{said}");
}

/// Types `paramo space` for a study over the parameters of an application, which prints them.
fn space(desk: &Desk, what: &str, parameters: &str, space: &str) -> Answer {
    let text = format!(
        "name = \"study\"\n[application]\ncommand = [\"echo\", \"{{x}}\", \"{{y}}\", \"{{z}}\"]\n\
         [application.parameters]\n{parameters}\n[space]\n{space}\n"
    );
    desk.file("study.toml", text);
    desk.paramo(&["space", what, "study.toml"])
}

const MIXED: &str =
    "x = \"float\"\ny = { type = \"choice\", choices = [\"euler\", \"rk4\"] }\nz = \"boolean\"";

#[test]
fn a_two_level_design_takes_choices_and_booleans() {
    let desk = Desk::new();
    let design = "sample = { method = \"fractional-factorial\", generators = \"C=AB\" }\n\
                  x = { from = 0.5, to = 2 }\ny = { values = [\"euler\", \"rk4\"] }\nz = { values = [false, true] }";
    let answer = space(&desk, "export", MIXED, design).expect(0);
    insta::assert_snapshot!(answer.out, @"
    index,x,y,z
    0,0.5,euler,true
    1,0.5,rk4,false
    2,2,euler,false
    3,2,rk4,true
    ");
}

#[test]
fn a_fraction_shows_what_it_mixes_up() {
    let desk = Desk::new();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let words: String = names.iter().map(|name| format!(", \"{{{name}}}\"")).collect();
    let ranges: String = names.iter().map(|name| format!("{name} = {{ from = -1, to = 1 }}\n")).collect();
    desk.file(
        "screening.toml",
        format!(
            "name = \"screening\"\n[application]\ncommand = [\"echo\"{words}]\n[space]\n\
             sample = {{ method = \"fractional-factorial\", fraction = 3 }}\n{ranges}"
        ),
    );
    let shown = desk.paramo(&["space", "show", "screening.toml", "--points", "2"]).expect(0);
    insta::assert_snapshot!("space_with_a_fraction", shown.out);
}

#[test]
fn a_star_beyond_the_ranges_stays_within_the_bounds_of_parameters() {
    let desk = Desk::new();
    let design = "sample = { method = \"central-composite\", kind = \"circumscribed\", centre = 1 }\n\
                  x = { from = 1, to = 3 }\ny = { from = 10, to = 30 }\nz = 0";
    let wide = space(&desk, "export", "x = \"float\"\ny = \"float\"", design).expect(0);
    insta::assert_snapshot!(wide.out, @"
    index,x,y,z
    0,1,10,0
    1,1,30,0
    2,3,10,0
    3,3,30,0
    4,0.5857864376269047,20,0
    5,3.414213562373095,20,0
    6,2,5.857864376269048,0
    7,2,34.14213562373095,0
    8,2,20,0
    ");
    let narrow =
        space(&desk, "export", "x = { type = \"float\", min = 0.6 }\ny = \"float\"", design).expect(2);
    insta::assert_snapshot!(narrow.err, @"
    error: `space.x.from`: the design goes beyond the ends of the range, to 0.5857864376269047: 0.5857864376269047 is below the minimum 0.6
      --> study.toml:9:14
       |
     9 | x = { from = 1, to = 3 }
       |              ^
       = help: narrow the range, or take a design that stays inside
    ");
}

#[test]
fn what_a_design_cannot_do_is_said_at_its_field() {
    let desk = Desk::new();
    let ranges = "x = { from = 0, to = 1 }\ny = { from = 0, to = 1 }\nz = { from = 0, to = 1 }";
    let refused =
        |sample: &str| space(&desk, "show", "", &format!("sample = {{ {sample} }}\n{ranges}")).expect(2).err;
    insta::assert_snapshot!(
        [
            refused("method = \"plackett-burman\", count = 92"),
            refused("method = \"fractional-factorial\", generators = \"D=AB\""),
            refused("method = \"box-behnken\", center = 3"),
            refused("method = \"d-optimal\", model = \"quadratic\", count = 9"),
            refused("method = \"morris\", levels = 5"),
            refused("method = \"efast\", count = 50"),
        ]
        .join("\n"),
        @r#"
        error: `space.sample.count`: plackett-burman: there is no design of 92 runs here for 3 parameters
          --> study.toml:7:48
           |
         7 | sample = { method = "plackett-burman", count = 92 }
           |                                                ^^
           = help: take 96: a multiple of 4 above the number of parameters; with `fold_over`, twice that; 92 is missing

        error: `space.sample.generators`: fractional-factorial: `D` is no parameter; the 3 here are ABC, in order (I is left out)
          --> study.toml:7:58
           |
         7 | sample = { method = "fractional-factorial", generators = "D=AB" }
           |                                                          ^^^^^^

        error: `space.sample.center`: box-behnken: there is no option `center`
          --> study.toml:7:45
           |
         7 | sample = { method = "box-behnken", center = 3 }
           |                                             ^
           = help: did you mean `centre`?

        error: `space.sample.count`: d-optimal: a model of 10 terms takes 10 to 5000 runs, found 9
          --> study.toml:7:63
           |
         7 | sample = { method = "d-optimal", model = "quadratic", count = 9 }
           |                                                               ^

        error: `space.sample.levels`: morris: expected an even number of levels, found 5
          --> study.toml:7:40
           |
         7 | sample = { method = "morris", levels = 5 }
           |                                        ^
           = help: take 6

        error: `space.sample.count`: efast: with 4 harmonics a curve has 65 to 2^30 points, found 50
          --> study.toml:7:38
           |
         7 | sample = { method = "efast", count = 50 }
           |                                      ^^
           = help: write count = 65 or more
        "#
    );
}

/// The same points as CSV, JSON Lines and Parquet, the last one written by Paramo itself.
#[test]
fn points_come_from_every_format() {
    let desk = Desk::new();
    desk.file("points.csv", "x,y,z\n0.5,007,true\n2,b,\"[false, true]\"\n");
    desk.file(
        "points.jsonl",
        "{\"x\": 0.5, \"y\": \"007\", \"z\": true}\n{\"x\": 2, \"z\": [false, true], \"y\": \"b\"}\n",
    );
    let parameters = "x = \"float\"\ny = \"string\"\nz = \"boolean\"";
    let csv = space(&desk, "export", parameters, "points = \"points.csv\"").expect(0);
    insta::assert_snapshot!(csv.out, @"
    index,x,y,z
    0,0.5,007,true
    1,2,b,false
    2,2,b,true
    ");
    let jsonl = space(&desk, "export", parameters, "points = \"points.jsonl\"").expect(0);
    assert_eq!(jsonl.out, csv.out);

    space(&desk, "show", parameters, "points = \"points.csv\"").expect(0);
    desk.paramo(&["run", "study.toml"]).expect(0);
    desk.paramo(&["export", "study", "--columns", "x,y,z", "-o", "points.parquet"]).expect(0);
    let parquet = space(&desk, "export", parameters, "points = \"points.parquet\"").expect(0);
    assert_eq!(parquet.out, csv.out);
}

#[test]
fn what_is_wrong_with_a_file_of_points_is_named() {
    let desk = Desk::new();
    desk.file("null.jsonl", "{\"x\": 1, \"y\": \"a\"}\n{\"x\": null, \"y\": \"b\"}\n");
    desk.file("missing.jsonl", "{\"x\": 1, \"y\": \"a\"}\n{\"x\": 2}\n");
    desk.file("typed.jsonl", "{\"x\": \"1\", \"y\": \"a\"}\n");
    desk.file("extra.jsonl", "{\"x\": 1, \"y\": \"a\", \"w\": 2}\n");
    desk.file("not.parquet", "x,y\n1,a\n");
    let refused = |file: &str| {
        let points = format!("points = \"{file}\"\nz = 1");
        space(&desk, "show", "x = \"float\"\ny = \"string\"", &points).expect(2).err
    };
    let files = ["null.jsonl", "missing.jsonl", "typed.jsonl", "extra.jsonl", "not.parquet", "points.xlsx"];
    insta::assert_snapshot!(files.map(refused).join("\n"), @r#"
    error: `space.points`: null.jsonl: line 2, field `x`: expected a number, a string, a boolean or a list of them, found null
      --> study.toml:8:10
       |
     8 | points = "null.jsonl"
       |          ^^^^^^^^^^^^

    error: `space.points`: missing.jsonl: line 2: `y` is missing; every line gives every parameter
      --> study.toml:8:10
       |
     8 | points = "missing.jsonl"
       |          ^^^^^^^^^^^^^^^

    error: `space.points`: row 1 of typed.jsonl, column `x`: expected a float, found the string "1"
      --> study.toml:8:10
       |
     8 | points = "typed.jsonl"
       |          ^^^^^^^^^^^^^

    error: `space.points`: there is no parameter `w`: it is neither declared nor used in the application
      --> study.toml:8:1
       |
     8 | points = "extra.jsonl"
       | ^^^^^^
       = help: declare it in [application.parameters] and put {w} into the command, or remove it here

    error: `space.points`: not.parquet: is not a Parquet file that can be read: Parquet error: Invalid Parquet file. Corrupt footer
      --> study.toml:8:10
       |
     8 | points = "not.parquet"
       |          ^^^^^^^^^^^^^

    error: `space.points`: points.xlsx: points are read from .csv, .jsonl (an object a line) and .parquet files; save them as one of these
      --> study.toml:8:10
       |
     8 | points = "points.xlsx"
       |          ^^^^^^^^^^^^^
    "#);
}
