//! The pages that are made from the program say what it says.

use paramo_tests::{Desk, repository};

fn page(name: &str) -> String {
    std::fs::read_to_string(repository().join("docs").join(name)).unwrap_or_default()
}

/// Fails with the command that mends it, and the first line that differs.
#[track_caller]
fn same(stored: &str, made: &str, command: &str) {
    if stored == made {
        return;
    }
    let differs = stored.lines().zip(made.lines()).find(|(stored, made)| stored != made);
    panic!("the page is not what the program says now: type `{command}`\nfirst difference: {differs:#?}");
}

#[test]
fn the_page_of_commands_is_up_to_date() {
    let made = Desk::new().paramo(&["docs", "commands"]).expect(0).out;
    same(&page("commands.md"), &made, "target/debug/paramo docs commands > docs/commands.md");
}

#[test]
fn the_page_of_roles_is_up_to_date() {
    let made = Desk::new().paramo(&["docs", "roles"]).expect(0).out;
    same(&page("roles.md"), &made, "target/debug/paramo docs roles > docs/roles.md");
}

#[test]
fn the_tables_of_the_study_file_are_up_to_date() {
    let desk = Desk::new();
    let stored = page("study-file.md");
    desk.file("page.md", &stored);
    desk.paramo(&["docs", "fields", "page.md"]).expect(0);
    same(&stored, &desk.read("page.md"), "target/debug/paramo docs fields docs/study-file.md");
    let all = desk.paramo(&["docs", "fields"]).expect(0).out;
    for table in all.split("\n\n").filter(|part| !part.starts_with('|')) {
        let name = if table.trim() == "top level" { "the file" } else { table.trim() };
        let marker = format!("<!-- fields of {name} -->");
        assert!(name.is_empty() || stored.contains(&marker), "docs/study-file.md lacks {marker}");
    }
}

#[test]
fn the_schema_knows_the_fields() {
    let text = Desk::new().paramo(&["docs", "schema"]).expect(0).out;
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], serde_json::json!(["name", "application"]));
    assert_eq!(schema["$defs"]["run"]["properties"]["slots"]["minimum"], 1);
}

/// The name that a heading has in links, as the pages are shown on the web.
fn anchor(heading: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_ ".contains(c);
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| plain(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    let root = repository();
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let roots =
        ["README.md", "ARCHITECTURE.md", "BENCHMARKS.md", "CONTRIBUTING.md"].map(|name| root.join(name));
    let mut broken = Vec::new();
    let mut links = 0;
    for page in pages.chain(roots).filter(|path| path.extension().is_some_and(|it| it == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.contains(char::is_whitespace) {
                continue;
            }
            links += 1;
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let there = std::fs::read_to_string(&file).unwrap_or_default();
            let headings = there.lines().filter(|line| line.starts_with('#'));
            let mut anchors = headings.map(|line| anchor(line.trim_start_matches('#')));
            if !file.exists() || (!heading.is_empty() && !anchors.any(|it| it == heading)) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(links > 20 && broken.is_empty(), "of {links} links lead nowhere:\n{}", broken.join("\n"));
}
