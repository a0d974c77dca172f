//! What a space may say, and what is said about one that is wrong.

use super::*;

#[test]
fn samples_are_one_factor_where_the_first_dimension_stands() {
    let study = read(&sim(
        "[space]\nmode = { replicate = 2 }\nk1 = { from = 0, to = 1 }\nseed = { replicate = 3, seed = 9 }\n\
         k2 = { loguniform = [0.1, 10] }\nsample = { method = \"sobol\", count = 16 }\n",
    ));
    let factors = &study.space.blocks[0].factors;
    let Factor::Sample(sample) = &factors[1] else { panic!("{factors:?}") };
    assert_eq!((sample.method.as_str(), sample.count, sample.seed), ("sobol", Some(16), 0));
    assert_eq!(sample.dimensions[0].1, Distribution::Uniform { from: 0.0, to: 1.0 });
    assert_eq!(sample.dimensions[1].1, Distribution::LogUniform { from: 0.1, to: 10.0 });
    assert_eq!(factors.len(), 3);
}

/// Which options there are is for the method to say, further up in the house.
#[test]
fn samples_keep_their_start_and_options() {
    let study = read(&sim("[space]\nk1 = { uniform = [0, 1] }\nk2 = 1\n\
         sample = { method = \"sobol\", start = 64, scramble = \"owen\", levels = [2, 3], x = true }\n"));
    let Factor::Sample(sample) = &study.space.blocks[0].factors[0] else { panic!() };
    let options = [
        ("levels", Setting::List(vec![2.into(), 3.into()])),
        ("scramble", Setting::Value("owen".into())),
        ("x", Setting::Value(true.into())),
    ];
    assert_eq!((sample.count, sample.start), (None, 64));
    assert_eq!(sample.options, options.map(|(name, setting)| (name.to_owned(), setting)).into());
}

#[test]
fn every_distribution_is_read() {
    use Distribution::*;
    for (text, expected) in [
        ("{ uniform = [0, 1] }", Uniform { from: 0.0, to: 1.0 }),
        ("{ from = 0, to = 1 }", Uniform { from: 0.0, to: 1.0 }),
        ("{ from = 1, to = 10, scale = 'log' }", LogUniform { from: 1.0, to: 10.0 }),
        ("{ loguniform = [1, 10] }", LogUniform { from: 1.0, to: 10.0 }),
        ("{ normal = [2, 3] }", Normal { mean: 2.0, sd: 3.0 }),
        ("{ mean = 2, sd = 3 }", Normal { mean: 2.0, sd: 3.0 }),
        ("{ normal = [2, 3], to = 4 }", TruncatedNormal { mean: 2.0, sd: 3.0, from: None, to: Some(4.0) }),
        (
            "{ mean = 2, sd = 3, from = 1, to = 4 }",
            TruncatedNormal { mean: 2.0, sd: 3.0, from: Some(1.0), to: Some(4.0) },
        ),
        ("{ median = 2, gsd = 3 }", LogNormal { median: 2.0, gsd: 3.0, from: None, to: None }),
        (
            "{ log_mean = 0, log_sd = 0, from = 1 }",
            LogNormal { median: 1.0, gsd: 1.0, from: Some(1.0), to: None },
        ),
        ("{ from = 0, mode = 1, to = 4 }", Triangular { from: 0.0, mode: 1.0, to: 4.0 }),
        ("{ triangular = [0, 1, 4] }", Triangular { from: 0.0, mode: 1.0, to: 4.0 }),
        ("{ values = ['a', 2] }", Discrete { values: vec!["a".into(), 2.into()], weights: vec![] }),
        (
            "{ values = [1, 2], weights = [0.5, 1] }",
            Discrete { values: vec![1.into(), 2.into()], weights: vec![0.5, 1.0] },
        ),
    ] {
        let space = format!("[space]\nk1 = {text}\nk2 = 1\nsample = {{ method = \"random\", count = 4 }}\n");
        // Without a spread a log-normal is refused, after it has been read.
        let Ok(document) = read_study(&sim(&space), &origin()) else {
            assert!(text.contains("log_sd = 0"), "{text}");
            continue;
        };
        let Factor::Sample(sample) = &document.study.space.blocks[0].factors[0] else { panic!("{text}") };
        assert_eq!(sample.dimensions[0].1, expected, "{text}");
    }
    let kinds = |values: &str| {
        let space = format!(
            "[space]\nk1 = {{ values = {values} }}\nk2 = 1\nsample = {{ method = \"random\", count = 4 }}\n"
        );
        read(&sim(&space)).application.parameters[0].kind.word()
    };
    assert_eq!(
        [kinds("[1, 2]"), kinds("[1, 2.5]"), kinds("[true]"), kinds("['a', 'b']")],
        ["integer", "float", "boolean", "string"]
    );
}

#[test]
fn distributions_must_make_sense() {
    let wrong = [
        ("{ mean = 0 }", "{ sd = 1 }"),
        ("{ mean = 0, sd = 1, from = 2, to = 1 }", "{ median = 0, gsd = 2 }"),
        ("{ median = 1, gsd = 1 }", "{ triangular = [0, 1] }"),
        ("{ from = 0, mode = 2, to = 1 }", "{ values = [] }"),
        ("{ values = [1, inf] }", "{ values = [1, 2], weights = [1, -1] }"),
        ("{ values = [1, 2], weights = [0, 0] }", "{ values = [1, 2], weights = [1] }"),
        ("{ mean = 0, sd = 1, step = 3 }", "{ median = 1, gsd = 2, to = 'x' }"),
    ];
    let blocks: String = wrong
        .iter()
        .map(|(k1, k2)| {
            format!("[[space]]\nk1 = {k1}\nk2 = {k2}\nsample = {{ method = \"random\", count = 4 }}\n")
        })
        .collect();
    let found = errors(&sim(&blocks));
    let lines: Vec<&str> =
        found.lines().filter(|line| line.starts_with('`') || line.contains("help")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    `space.0.k1`: `sd` is missing: the standard deviation
    `space.1.k1.to`: expected a range that ends above its beginning, found 2 to 1
    `space.1.k2.median`: expected a median above 0, found 0
    `space.2.k1.gsd`: expected a geometric standard deviation, a factor above 1, found 1
    `space.2.k2.triangular`: expected three numbers, [from, mode, to], found 2 values
    `space.3.k1.mode`: expected a mode between 0 and 1, found 2
    `space.3.k2.values`: expected at least one value, found an empty list
    `space.4.k1.values.1`: expected a finite value, found "inf"
    `space.4.k2.weights.1`: a weight is 0 or more, found -1
    `space.5.k1.weights`: expected weights with a finite sum above 0, found 0
    `space.5.k2.weights`: expected 2 weights, one for each value, found 1
    `space.6.k1.step`: there is no field `step` here
        = help: the fields are mean, sd, from, to
    `space.6.k2.to`: expected a finite number, found the string "x"
    "#);
}

#[test]
fn types_are_inferred_from_all_values() {
    let kinds = |space: &str| {
        let study = read(&sim(space));
        let kinds: Vec<_> = study.application.parameters.iter().map(|p| p.kind.word()).collect();
        (kinds.join(" "), study.space)
    };
    assert_eq!(kinds("space = { k1 = [1, 2], k2 = { from = 1, to = 10, step = 3 } }").0, "integer integer");
    assert_eq!(
        kinds("space = { k1 = { from = 1, to = 9, count = 3 }, k2 = { from = 1, to = 2, count = 3 } }").0,
        "integer float"
    );
    assert_eq!(
        kinds("space = { k1 = { from = 1, to = 8, count = 4, scale = 'log' }, k2 = [true, false] }").0,
        "float boolean"
    );
    let (word, space) = kinds("[[space]]\nk1 = 1\nk2 = 'a'\n[[space]]\nk1 = 0.5\nk2 = 3\n");
    assert_eq!(word, "float string");
    let Factor::Axis(_, first) = &space.blocks[0].factors[0] else { panic!() };
    assert_eq!(*first, Axis::Values(vec![Value::Float(1.0)]), "values are brought to the joint type");
    let Factor::Axis(_, second) = &space.blocks[1].factors[1] else { panic!() };
    assert_eq!(*second, Axis::Values(vec!["3".into()]));
}

#[test]
fn a_space_alone_is_read_for_a_study() {
    let parameters = read(HES1).application.parameters;
    let space = read_space("[space]\nk1 = 5\nk2 = [1, 2]\nseed = 1\n", &parameters, &origin()).unwrap();
    let Factor::Axis(_, axis) = &space.blocks[0].factors[0] else { panic!() };
    assert_eq!(*axis, Axis::Values(vec![Value::Float(5.0)]));
    let text = "[space]\nk11 = 5\nk2 = \"a\"\nseed = 0.5\nextra = 1\n[run]\n";
    insta::assert_snapshot!(shown(&read_space(text, &parameters, &origin()).unwrap_err(), text), @r#"
    `space`: this block gives `k1` no value, and it has no default
      --> study.toml:1:1
       |
     1 | [space]
       | ^^^^^^^
       = help: add k1 = … to the block

    `space.k11`: there is no parameter `k11`
      --> study.toml:2:1
       |
     2 | k11 = 5
       | ^^^
       = help: did you mean `k1`?

    `space.k2`: expected a float, found the string "a"
      --> study.toml:3:6
       |
     3 | k2 = "a"
       |      ^^^

    `space.seed`: expected an integer, found the float 0.5
      --> study.toml:4:8
       |
     4 | seed = 0.5
       |        ^^^

    `space.extra`: there is no parameter `extra`
      --> study.toml:5:1
       |
     5 | extra = 1
       | ^^^^^
       = help: the parameters are k1, k2, seed

    `run`: there is no field `run` here
      --> study.toml:6:2
       |
     6 | [run]
       |  ^^^
       = help: the fields are space
    "#);
    let text = "k1 = 1\n";
    insta::assert_snapshot!(shown(&read_space(text, &parameters, &origin()).unwrap_err(), text), @"
    `space` is missing: [space] with the axes to add
      --> study.toml:1:1
       |
     1 | k1 = 1
       | ^

    `k1`: there is no field `k1` here
      --> study.toml:1:1
       |
     1 | k1 = 1
       | ^^
       = help: the fields are space
    ");
}

#[test]
fn ranges_must_have_points() {
    let text = sim("[[space]]\nk1 = { from = 0, to = 1, step = 0 }\nk2 = { from = 10, to = 1, step = 1 }\n\
         [[space]]\nk1 = { from = 0, to = 1, count = 0 }\nk2 = { from = 0, to = 1, count = 5, scale = \"log\" }\n\
         [[space]]\nk1 = { from = 0, to = 1, count = 1 }\nk2 = []\n\
         [[space]]\nk1 = { from = 0, to = 1 }\nk2 = { from = 1, to = 2, count = 3, step = 1 }\n\
         [[space]]\nk1 = { from = nan, to = 1, count = 3 }\nk2 = [1, inf]\n\
         [[space]]\nk1 = { replicate = 0 }\nk2 = { from = 0, to = 1, step = nan }\n\
         [[space]]\nk1 = { form = 1, too = 2, count = 3 }\nk2 = {}\n");
    insta::assert_snapshot!(errors(&text), @r#"
    `space.0.k1.step`: a step cannot be 0
      --> study.toml:4:33
       |
     4 | k1 = { from = 0, to = 1, step = 0 }
       |                                 ^
       = help: write how far one value is from the next

    `space.0.k2`: from 10 to 1 by 1 has no points: the range is inverted
      --> study.toml:5:6
       |
     5 | k2 = { from = 10, to = 1, step = 1 }
       |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: swap `from` and `to`, or step by -1

    `space.1.k1.count`: a range needs at least one value
      --> study.toml:7:34
       |
     7 | k1 = { from = 0, to = 1, count = 0 }
       |                                  ^

    `space.1.k2.from`: a logarithmic range is above 0, found 0
      --> study.toml:8:15
       |
     8 | k2 = { from = 0, to = 1, count = 5, scale = "log" }
       |               ^

    `space.2.k1.count`: one value cannot be both 0 and 1
       --> study.toml:10:34
        |
     10 | k1 = { from = 0, to = 1, count = 1 }
        |                                  ^
        = help: write count = 2 or more, or the value alone

    `space.2.k2`: an axis needs at least one value
       --> study.toml:11:6
        |
     11 | k2 = []
        |      ^^

    `space.3.k1`: how is the range divided? expected `count` or `step`
       --> study.toml:13:6
        |
     13 | k1 = { from = 0, to = 1 }
        |      ^^^^^^^^^^^^^^^^^^^^
        = help: write count = 11 for 11 values, or step = 0.1

    `space.3.k2.step`: expected either `count` or `step`, found both
       --> study.toml:14:37
        |
     14 | k2 = { from = 1, to = 2, count = 3, step = 1 }
        |                                     ^^^^

    `space.4.k1.from`: expected a finite number, found the float nan
       --> study.toml:16:15
        |
     16 | k1 = { from = nan, to = 1, count = 3 }
        |               ^^^

    `space.4.k2.1`: expected a finite value, found "inf"
       --> study.toml:17:10
        |
     17 | k2 = [1, inf]
        |          ^^^

    `space.5.k1.replicate`: there must be at least one replicate
       --> study.toml:19:20
        |
     19 | k1 = { replicate = 0 }
        |                    ^

    `space.5.k2.step`: expected a finite number, found the float nan
       --> study.toml:20:33
        |
     20 | k2 = { from = 0, to = 1, step = nan }
        |                                 ^^^

    `space.6.k1.form`: there is no field `form` here
       --> study.toml:22:8
        |
     22 | k1 = { form = 1, too = 2, count = 3 }
        |        ^^^^
        = help: did you mean `from`?

    `space.6.k1.too`: there is no field `too` here
       --> study.toml:22:18
        |
     22 | k1 = { form = 1, too = 2, count = 3 }
        |                  ^^^
        = help: did you mean `to`?

    `space.6.k2`: expected an axis: { from, to, count }, { from, to, step }, { replicate }, or a distribution: { uniform }, { loguniform }, { mean, sd }, { median, gsd }, { from, mode, to } or { values, weights }
       --> study.toml:23:6
        |
     23 | k2 = {}
        |      ^^
    "#);
}

#[test]
fn samples_must_make_sense() {
    let text = sim(
        "[[space]]\nk1 = { uniform = [1, 0] }\nk2 = { normal = [0, 0] }\nsample = { method = \"sobol\", count = 0 }\n\
         [[space]]\nk1 = { uniform = [0, 1, 2] }\nk2 = { loguniform = [0, 1] }\nsample = { count = 4 }\n\
         [[space]]\nk1 = { uniform = [0, 1] }\nk2 = 1\n\
         [[space]]\nk1 = 1\nk2 = 2\nsample = { method = \"sobol\", count = 1 }\n",
    );
    insta::assert_snapshot!(errors(&text), @r#"
    `space.0.k1.uniform.1`: expected a range that ends above its beginning, found 1 to 0
      --> study.toml:4:22
       |
     4 | k1 = { uniform = [1, 0] }
       |                      ^

    `space.0.k2.normal.1`: expected a mean and a standard deviation above 0, found 0 and 0
      --> study.toml:5:21
       |
     5 | k2 = { normal = [0, 0] }
       |                     ^

    `space.0.sample.count`: a sample needs at least one point
      --> study.toml:6:38
       |
     6 | sample = { method = "sobol", count = 0 }
       |                                      ^

    `space.1.k1.uniform`: expected two numbers, [from, to], found 3 values
      --> study.toml:8:18
       |
     8 | k1 = { uniform = [0, 1, 2] }
       |                  ^^^^^^^^^

    `space.1.k2.loguniform.0`: a logarithmic range is above 0, found 0
      --> study.toml:9:22
       |
     9 | k2 = { loguniform = [0, 1] }
       |                      ^

    `space.1.sample`: `method` is missing: how points are chosen, such as "sobol", "latin-hypercube" or "random"
       --> study.toml:10:10
        |
     10 | sample = { count = 4 }
        |          ^^^^^^^^^^^^^

    `space.2.k1`: `k1` is sampled, and this block does not say how
       --> study.toml:12:6
        |
     12 | k1 = { uniform = [0, 1] }
        |      ^^^^^^^^^^^^^^^^^^^^
        = help: add sample = { method = "sobol", count = 100 }

    `space.3.sample`: there is nothing to sample in this block
       --> study.toml:17:1
        |
     17 | sample = { method = "sobol", count = 1 }
        | ^^^^^^
        = help: give a parameter a distribution: k1 = { uniform = [0, 1] }
    "#);
}

#[test]
fn every_block_gives_every_parameter() {
    let text = sim(
        "[[space]]\nk1 = 1\nk2 = 2\n[[space]]\nk1 = 1\n[[space]]\nk2 = 1\n[[space.block]]\nk1 = 1\n[[space.block]]\n",
    );
    insta::assert_snapshot!(errors(&text), @"
    `space.1`: this block gives `k2` no value, and it has no default
      --> study.toml:6:1
       |
     6 | [[space]]
       | ^^^^^^^^^
       = help: add k2 = … to the block, or declare its default in [application.parameters]

    `space.2.block.1`: this block gives `k1` no value, and it has no default
       --> study.toml:12:1
        |
     12 | [[space.block]]
        | ^^^^^^^^^^^^^^^
        = help: add k1 = … to the block, or declare its default in [application.parameters]
    ");
    read(&sim(
        "application.parameters = { k2 = { default = 1 }, k1 = 'integer' }\n[[space]]\nk1 = 1\n[[space]]\nk1 = 1\nk2 = 3\n",
    ));
}

#[test]
fn zips_have_one_length() {
    let text = sim("[space]\nzip = { k1 = [1, 2, 3], k2 = { from = 0, to = 1, count = 4 } }\n");
    insta::assert_snapshot!(errors(&text), @"
    `space.zip.k2`: the axes of a zip have the same length: this one has 4, `k1` has 3
      --> study.toml:4:30
       |
     4 | zip = { k1 = [1, 2, 3], k2 = { from = 0, to = 1, count = 4 } }
       |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    let text = sim("[space]\nzip = [{ k1 = [1], k2 = { uniform = [0, 1] } }, { where = \"x\" }, {}]\n");
    insta::assert_snapshot!(errors(&text), @r#"
    `space.zip.0.k2`: a sampled parameter cannot stand in a zip
      --> study.toml:4:25
       |
     4 | zip = [{ k1 = [1], k2 = { uniform = [0, 1] } }, { where = "x" }, {}]
       |                         ^^^^^^^^^^^^^^^^^^^^

    `space.zip.1.where`: expected an axis in a zip, found `where`
      --> study.toml:4:51
       |
     4 | zip = [{ k1 = [1], k2 = { uniform = [0, 1] } }, { where = "x" }, {}]
       |                                                   ^^^^^

    `space.zip.2`: a zip needs at least one axis
      --> study.toml:4:66
       |
     4 | zip = [{ k1 = [1], k2 = { uniform = [0, 1] } }, { where = "x" }, {}]
       |                                                                  ^^
    "#);
}

#[test]
fn conditions_are_pointed_into() {
    let bad = |condition: &str| errors(&sim(&format!("[space]\nk1 = [1, 2]\nk2 = 2\nwhere = {condition}\n")));
    insta::assert_snapshot!(bad("\"k1 > kk2\""), @r#"
    `space.where`: there is no parameter `kk2`
      --> study.toml:6:15
       |
     6 | where = "k1 > kk2"
       |               ^^^
       = help: did you mean `k2`?
    "#);
    insta::assert_snapshot!(bad("'''\nk1 > 1 and\nk2 >'''"), @"
    `space.where`: expected a value before the end
      --> study.toml:8:5
       |
     8 | k2 >'''
       |     ^
    ");
    // The escape hides the place of the word: the whole is marked.
    insta::assert_snapshot!(bad("\"k1 \\u003e x\""), @r#"
    `space.where`: there is no parameter `x`
      --> study.toml:6:9
       |
     6 | where = "k1 \u003e x"
       |         ^^^^^^^^^^^^^
       = help: the names known here are k1, k2
    "#);
    insta::assert_snapshot!(bad("\"k1 + k2\""), @r#"
    `space.where`: a condition must be true or false, this one is the integer 2
      --> study.toml:6:10
       |
     6 | where = "k1 + k2"
       |          ^^^^^^^
    "#);
    insta::assert_snapshot!(bad("\"k1 == 'a'\""), @r#"
    `space.where`: cannot compare the integer 1 with the text 'a'
      --> study.toml:6:10
       |
     6 | where = "k1 == 'a'"
       |          ^^^^^^^^^
    "#);
    insta::assert_snapshot!(bad("3"), @r#"
    `space.where`: `where` in a space is a condition, such as "k1 > k2", found the integer 3
      --> study.toml:6:9
       |
     6 | where = 3
       |         ^
       = help: a parameter needs another name
    "#);
}

#[test]
fn points_are_read_and_checked() {
    let study = read(&sim("space.points = \"points.csv\""));
    let Factor::Points(table) = &study.space.blocks[0].factors[0] else { panic!() };
    assert_eq!(table.rows[1], [vec![Value::Integer(2)], vec![Value::Float(0.25), Value::Float(0.75)]]);
    let bad = |file: &str| errors(&sim(&format!("[space]\npoints = \"{file}\"\n")));
    insta::assert_snapshot!(bad("missing.csv"), @r#"
    `space.points`: cannot read missing.csv: no such file
      --> study.toml:4:10
       |
     4 | points = "missing.csv"
       |          ^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(bad("ragged.csv"), @r#"
    `space.points`: ragged.csv: line 3: the header has 2 columns, this row has 1
      --> study.toml:4:10
       |
     4 | points = "ragged.csv"
       |          ^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(bad("points.parquet"), @r#"
    `space.points`: points.parquet: points.parquet has 4 bytes and is not read in these tests
      --> study.toml:4:10
       |
     4 | points = "points.parquet"
       |          ^^^^^^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(bad("points.xlsx"), @r#"
    `space.points`: points.xlsx: points are read from .csv, .jsonl (an object a line) and .parquet files; save them as one of these
      --> study.toml:4:10
       |
     4 | points = "points.xlsx"
       |          ^^^^^^^^^^^^^
    "#);
    let typed =
        "application.parameters = { k1 = \"integer\", k2 = \"float\" }\n[space]\npoints = \"points.jsonl\"\n";
    insta::assert_snapshot!(errors(&sim(typed)), @r#"
    `space.points`: row 2 of points.jsonl, column `k2`: expected a float, found the string "3"
      --> study.toml:5:10
       |
     5 | points = "points.jsonl"
       |          ^^^^^^^^^^^^^^
    "#);
    let declared = "application.parameters = { k1 = \"integer\", k2 = { type = \"float\", max = 0.6 } }\n";
    insta::assert_snapshot!(errors(&sim(&format!("{declared}[space]\npoints = \"points.csv\"\n"))), @r#"
    `space.points`: row 2 of points.csv, column `k2`: 0.75 is above the maximum 0.6
      --> study.toml:5:10
       |
     5 | points = "points.csv"
       |          ^^^^^^^^^^^^
    "#);
}

#[test]
fn points_have_the_types_of_their_file() {
    let study = read(&sim("space.points = \"texts.jsonl\""));
    let Factor::Points(table) = &study.space.blocks[0].factors[0] else { panic!() };
    assert_eq!(table.rows[0], [vec![Value::Integer(1)], vec!["0.25".into(), "0.75".into()]]);
    assert_eq!(table.rows[1], [vec![Value::Integer(2)], vec!["3".into()]]);
}

#[test]
fn a_long_line_is_shown_around_the_error() {
    let list = (0..200).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    insta::assert_snapshot!(errors(&sim(&format!("[space]\nk2 = 1\nk1 = [{list}, inf, 3]\n"))), @r#"
    `space.k1.200`: expected a finite value, found "inf"
      --> study.toml:5:897
       |
     5 | 192, 193, 194, 195, 196, 197, 198, 199, inf, 3]
       |                                         ^^^
    "#);
}

#[test]
fn words_of_the_space_are_no_parameters() {
    let text = sim(
        "[[space]]\nk1 = 1\nk2 = 2\npoints = [10, 20]\nblock = 3\n[[space]]\nk1 = { uniform = [0, 1] }\nk2 = 1\nsample = 8\nwhere = true\nzip = \"a\"\n",
    );
    insta::assert_snapshot!(errors(&text), @r#"
    `space.0.points`: `points` in a space is the path of a file of points, found a list
      --> study.toml:6:10
       |
     6 | points = [10, 20]
       |          ^^^^^^^^
       = help: a parameter needs another name

    `space.0.block`: `block` in a space is a list of tables of axes, found the integer 3
      --> study.toml:7:9
       |
     7 | block = 3
       |         ^
       = help: a parameter needs another name

    `space.1.sample`: `sample` in a space is how to sample, such as { method = "sobol", count = 100 }, found the integer 8
       --> study.toml:11:10
        |
     11 | sample = 8
        |          ^
        = help: a parameter needs another name

    `space.1.where`: `where` in a space is a condition, such as "k1 > k2", found the boolean true
       --> study.toml:12:9
        |
     12 | where = true
        |         ^^^^
        = help: a parameter needs another name

    `space.1.zip`: `zip` in a space is a table of axes of one length, found the string "a"
       --> study.toml:13:7
        |
     13 | zip = "a"
        |       ^^^
        = help: a parameter needs another name
    "#);
}
