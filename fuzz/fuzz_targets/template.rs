//! Any text is a template or names a reserved word; its own text as a literal is always one, and renders as itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use paramo_model::Template;

fuzz_target!(|text: &str| {
    if let Ok(template) = Template::parse(text) {
        template.render(|slot, out| out.push_str(&format!("{slot:?}")));
    }
    let literal = Template::literal(text);
    assert_eq!(literal.slots().count(), 0);
    assert_eq!(literal.render(|_, _| ()), text);
});
