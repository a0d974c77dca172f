//! A page of one picture: nothing is fetched, so it can be mailed and read offline.
//!
//! The SVG stands in it with tips under the pointer; colours of paper and ink follow the reader's choice of light or dark,
//! and on dark the two darkest colours of series become lighter.

use std::fmt::Write;

use crate::numbers::Numbers;
use crate::scene::Scene;
use crate::svg::{self, escape};

const STYLE: &str = "\
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--faint:#595959;--grid:#e4e4e4}
body{margin:2rem auto;padding:0 1rem;max-width:60rem;background:var(--paper);color:var(--ink);font:15px/1.5 'DejaVu Sans',Verdana,Arial,sans-serif}
h1{font-size:1.3rem}figure{margin:0}svg{display:block;width:100%;height:auto}
.notes,caption,footer{color:var(--faint)}summary{cursor:pointer;margin:1rem 0}
table{border-collapse:collapse;font-size:13px;font-variant-numeric:tabular-nums}caption{text-align:left}
th,td{padding:.15rem .8rem .15rem 0;text-align:right;border-bottom:1px solid var(--grid)}
.tips rect:hover{stroke:var(--ink);stroke-width:1.2}
@media(prefers-color-scheme:dark){
:root{--paper:#16181c;--ink:#e8e8e8;--faint:#a8adb5;--grid:#363a42}
.paper,.halo{fill:var(--paper)}svg text{fill:var(--ink)}svg text.note{fill:var(--faint)}
.density{filter:invert(1) hue-rotate(180deg);mix-blend-mode:screen}
.axis{stroke:var(--ink)}.grid{stroke:var(--grid)}.outline{stroke:var(--ink)}
[fill='#0072b2']{fill:#4aa8e0}[stroke='#0072b2']{stroke:#4aa8e0}[fill='#333333']{fill:#d0d0d0}[stroke='#333333']{stroke:#d0d0d0}
[stroke='#595959']{stroke:var(--faint)}[fill='#f0f0f0']{fill:#2a2d33}[stroke='#a8a8a8']{stroke:#555a63}}
@media print{details{display:none}}
";

/// `what` says what is drawn, in words; the notes stand in the picture.
pub(crate) fn write(scene: &Scene, what: &str, numbers: &Numbers) -> String {
    let title = if scene.title.is_empty() { what } else { &scene.title };
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n<figure>\n{}<figcaption class=\"notes\">{}</figcaption>\n\
         </figure>\n",
        escape(title),
        escape(title),
        svg::write_with_tips(scene),
        escape(what),
    );
    if !numbers.headings.is_empty() {
        table(&mut out, numbers);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn table(out: &mut String, numbers: &Numbers) {
    let shown = numbers.rows.len();
    let caption = match numbers.all {
        all if all > shown => format!("the first {shown} of {all} rows"),
        1 => "1 row".to_string(),
        all => format!("{all} rows"),
    };
    let _ = write!(
        out,
        "<details>\n<summary>Numbers</summary>\n<table>\n<caption>{caption}</caption>\n<thead><tr>"
    );
    for heading in &numbers.headings {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(heading));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &numbers.rows {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", escape(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</details>\n");
}
