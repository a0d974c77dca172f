//! The runs, summaries and charts of a study over HTTP.

use paramo_tests::engines::Ground;
use paramo_tests::http::Http;
use paramo_tests::server::Server;
use paramo_tests::{Desk, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    runs_come_a_page_at_a_time_chosen_and_sorted,
    runs_that_have_not_ended_are_listed_too,
    groups_are_summarised_as_the_command_does,
    every_chart_has_its_numbers_and_its_picture,
);

/// 12 runs; y = x² (1 + m), and the run of x = 3, m = 1 fails.
const STUDY: &str = r#"
name = "squares"
[application]
command = ["sh", "-c", "echo '{{\"y\": '$(({x} * {x} * (1 + {m})))'}}'; test {x}{m} -ne 31"]
[application.parameters]
x = { type = "integer", unit = "m" }
m = { type = "integer" }
[application.outputs]
y = { json = "y", unit = "m²" }
[space]
x = { from = 1, to = 6, step = 1 }
m = [0, 1]
"#;

fn finished(desk: &Desk) -> Server {
    let server = Server::start(desk);
    server.http.post("/api/v1/studies", &json!({ "file": STUDY }));
    server.study("squares", "finished");
    server
}

#[track_caller]
fn get(http: &Http, path: &str) -> Value {
    let reply = http.get(&format!("/api/v1/studies/squares/{path}"));
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

fn column(page: &Value, name: &str) -> Vec<Value> {
    page["rows"].as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

fn runs_come_a_page_at_a_time_chosen_and_sorted(ground: &Ground) {
    let server = finished(&ground.desk);
    let http = &server.http;
    let all = get(http, "runs");
    assert_eq!((&all["total"], column(&all, "index").len()), (&json!(12), 12));
    assert_eq!(all["columns"]["parameters"][0], json!({ "name": "x", "unit": "m" }));
    assert_eq!(all["columns"]["outputs"], json!([{ "name": "y", "unit": "m²" }]));
    let first = &all["rows"][0];
    assert_eq!((&first["parameters"], &first["outputs"]), (&json!({ "x": 1, "m": 0 }), &json!({ "y": 1 })));
    assert_eq!(
        (&first["state"], &first["cause"], &first["attempts"]),
        (&json!("succeeded"), &Value::Null, &json!(1))
    );
    assert!(
        first["started"].as_str().unwrap().ends_with('Z') && first["wall_seconds"].as_f64().unwrap() > 0.0
    );
    let page = get(http, "runs?where=y%20%3E%202%20and%20m%20%3D%3D%200&sort=-y&offset=1&limit=2");
    assert_eq!((&page["total"], column(&page, "index")), (&json!(5), vec![json!(8), json!(6)]));
    let failed = get(http, "runs?state=failed&cause=exit");
    assert_eq!((column(&failed, "index"), column(&failed, "cause")), (vec![json!(5)], vec![json!("exit")]));
    assert_eq!(get(http, "runs?state=waiting")["total"], 0);
    assert_eq!(get(http, "runs?offset=99999999999")["rows"], json!([]));
    for wrong in [
        "state=odd",
        "cause=odd",
        "where=z%3E1",
        "where=%28",
        "sort=z",
        "limit=-1",
        "offset=x",
        "state=running&sort=x",
    ] {
        let reply = http.get(&format!("/api/v1/studies/squares/runs?{wrong}"));
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.text());
    }
}

fn runs_that_have_not_ended_are_listed_too(ground: &Ground) {
    let desk = &ground.desk;
    let server = Server::start(desk);
    let text = r#"
name = "squares"
[application]
command = ["sh", "-c", "while [ {x} -gt 1 ] && [ ! -e HOME/go ]; do sleep 0.02; done"]
[space]
x = { from = 1, to = 6, step = 1 }
"#;
    let text = text.replace("HOME", &desk.path().display().to_string());
    server.http.post("/api/v1/studies", &json!({ "file": text }));
    paramo_tests::until("one does not end and two run", || {
        let page = get(&server.http, "runs?state=running");
        column(&page, "index").len() == 2 && get(&server.http, "runs")["total"] == 1
    });
    let running = get(&server.http, "runs?state=running&limit=1");
    assert_eq!((&running["total"], &running["rows"][0]["attempts"]), (&json!(2), &json!(1)));
    let waiting = get(&server.http, "runs?state=waiting&offset=1");
    assert_eq!((&waiting["total"], column(&waiting, "index")), (&json!(3), vec![json!(4), json!(5)]));
    assert_eq!(waiting["rows"][1]["parameters"], json!({ "x": 6 }));
    desk.file("go", "");
    server.study("squares", "finished");
    assert_eq!(get(&server.http, "runs")["total"], 6, "what is kept has grown");
}

fn groups_are_summarised_as_the_command_does(ground: &Ground) {
    let desk = &ground.desk;
    let server = finished(desk);
    let http = &server.http;
    let groups = get(http, "aggregate?by=m&of=mean:y,max:y,quantile:0.5:y");
    let names: Vec<&str> =
        groups["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["m", "n", "failed", "mean_y", "max_y", "quantile_0.5_y", "missing_y"]);
    assert_eq!(groups["columns"][3]["unit"], "m²");
    let mean = |row: usize| groups["rows"][row][3].as_f64().unwrap();
    assert!((mean(0) - 91.0 / 6.0).abs() < 1e-12 && (mean(1) - 164.0 / 5.0).abs() < 1e-12, "{groups}");
    assert_eq!(groups["rows"][0], json!([0, 6, 0, mean(0), 36, 12.5, 0]));
    assert_eq!(groups["rows"][1], json!([1, 6, 1, mean(1), 72, 32.0, 0]));
    let table = desk.paramo(&["results", "squares", "--by", "m", "--mean", "y", "--format", "json"]);
    let rows: Value = serde_json::from_str(&table.out).unwrap_or_else(|_| panic!("{table:?}"));
    assert_eq!(rows[1]["mean_y"], groups["rows"][1][3]);
    let whole = get(http, "aggregate?where=x%20%3C%203&sort=-n");
    assert_eq!((&whole["rows"], &whole["total"]), (&json!([[4, 0]]), &json!(1)));
    for wrong in ["by=z", "of=y", "of=mode:y", "of=quantile:y", "of=mean:z", "by=x&sort=z", "where=1"] {
        let reply = http.get(&format!("/api/v1/studies/squares/aggregate?{wrong}"));
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.text());
    }
}

fn every_chart_has_its_numbers_and_its_picture(ground: &Ground) {
    let desk = &ground.desk;
    let server = finished(desk);
    let http = &server.http;
    let map = get(http, "plot/heatmap?x=x&y=m&value=y");
    assert_eq!(map["cells"][1], json!([2.0, 8.0, null, 32.0, 50.0, 72.0]));
    let failures = get(http, "plot/failures");
    assert_eq!(failures["causes"][0]["examples"], json!([5]));
    assert!(failures["causes"][0]["message"].as_str().unwrap().contains("exit"), "{failures}");
    for kind in ["heatmap", "line", "scatter", "histogram", "parallel", "gantt", "throughput", "efficiency"] {
        assert_eq!(get(http, &format!("plot/{kind}"))["kind"], kind);
    }
    for (kind, columns) in [
        ("heatmap", "x=x&y=m&value=y"),
        ("line", "x=x&value=y&colour=m"),
        ("histogram", "value=y"),
        ("gantt", ""),
    ] {
        let svg = http.get(&format!("/api/v1/studies/squares/plot/{kind}.svg?{columns}"));
        assert_eq!(
            (svg.status, svg.header("content-type")),
            (200, Some("image/svg+xml")),
            "{kind}: {}",
            svg.text()
        );
        assert!(svg.text().starts_with("<svg"));
    }
    // The same picture as the command draws.
    let options =
        ["plot", "squares", "--kind", "heatmap", "--x", "x", "--y", "m", "--value", "y", "--output", "p.png"];
    assert_eq!(desk.paramo(&options).code, Some(0));
    let png = http.get("/api/v1/studies/squares/plot/heatmap.png?x=x&y=m&value=y");
    assert_eq!(png.body, std::fs::read(desk.path().join("p.png")).unwrap());
    for (path, status) in [
        ("pie", 404),
        ("pie.svg", 404),
        ("heatmap?x=z", 400),
        ("heatmap?bins=0", 400),
        ("heatmap?statistic=odd", 400),
        ("histogram?x=state", 400),
        ("heatmap.svg?width=1", 400),
        ("heatmap.svg?where=x%20%3E%2099", 409),
    ] {
        let reply = http.get(&format!("/api/v1/studies/squares/plot/{path}"));
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
}
