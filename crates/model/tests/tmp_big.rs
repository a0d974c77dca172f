use paramo_model::document::*;
#[test]
fn big() {
    let load = |_: &str| Err("no".to_string());
    let origin = Origin { file: "s".into(), directory: "/".into(), load: &load };
    let list = vec!["123456"; 1_100_000].join(",");
    for (what, text) in [
        ("ok", format!("name='s'\nspace.x=[{list}]\n[application]\ncommand='a {{x}}'\n")),
        ("string", format!("name='s'\nspace.x=[{}]\n[application]\ncommand='a {{x}}'\nparameters.x='float'\n", vec!["'a'"; 1_100_000].join(","))),
        ("dates", format!("name='s'\nspace.x=[{}]\n[application]\ncommand='a {{x}}'\n", vec!["[]"; 1_100_000].join(","))),
        ("braces", format!("name='s'\n[application]\ncommand='{}'\n", "{a".repeat(4_000_000))),
        ("slots", format!("name='s'\n[application]\ncommand='{}'\n", (0..300_000).map(|i| format!("{{a{i}}} ")).collect::<String>())),
        ("axes", format!("name='s'\n[application]\ncommand='a'\n[space]\n{}", (0..100_000).map(|i| format!("a{i}=1\n")).collect::<String>())),
        ("blocks", format!("name='s'\n{}[application]\ncommand='a {{x}}'\n", "[[space]]\nx=1\n".repeat(300_000))),
        ("syntax", "=\n".repeat(1_000_000)),
        ("keys", (0..500_000).map(|i| format!("k{i}=1\n")).collect::<String>()),
    ] {
        let t = std::time::Instant::now();
        let r = read_study(&text, &origin);
        println!("{what}: {} bytes, {:.2} s, {:?}", text.len(), t.elapsed().as_secs_f64(), r.map(|_| ()).map_err(|e| e.len()));
    }
}
