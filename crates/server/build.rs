//! Builds the portal's files in again when they have changed.

use std::path::Path;

fn main() {
    // A folder that is not there would be looked for at every build; an empty one means that the portal was not built.
    let built = Path::new("../../portal/dist");
    if !built.exists() && Path::new("../../portal").exists() {
        let _ = std::fs::create_dir(built);
    }
    println!("cargo:rerun-if-changed=../../portal/dist");
    println!("cargo:rerun-if-changed=build.rs");
}
