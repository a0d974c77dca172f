//! Designs of experiments: a unit struct each, in a file each, and one line in [`METHODS`].

mod latin_hypercube;
mod random;
mod sobol;

use paramo_model::nearest;

/// What a design is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Design {
    /// Points.
    pub count: u64,
    pub seed: u64,
    pub dimensions: usize,
}

/// A kind of design.
pub trait Method: Send + Sync {
    /// As study files name it.
    fn name(&self) -> &'static str;
    /// One sentence on what it is good for, for people who choose.
    fn help(&self) -> &'static str;
    /// Prepares a design. An error says what is not possible and what to do; it fits "{method}: {error}".
    fn build(&self, design: Design) -> Result<Box<dyn Sampler>, String>;
}

/// A prepared design.
pub trait Sampler: Send + Sync {
    /// A coordinate of a point in the unit cube, in [0, 1): a pure function of its arguments, which are below the design's
    /// count and dimensions.
    fn coordinate(&self, index: u64, dimension: usize) -> f64;
    /// Whether a coordinate may be exactly 0, where some distributions have no value.
    fn touches_zero(&self) -> bool {
        false
    }
}

/// Every design there is.
pub static METHODS: &[&dyn Method] = &[&latin_hypercube::LatinHypercube, &random::Random, &sobol::Sobol];

/// The design of a name; the error names the nearest.
pub(crate) fn find(name: &str) -> Result<&'static dyn Method, (String, Option<String>)> {
    let names = || METHODS.iter().map(|method| method.name());
    METHODS.iter().find(|method| method.name() == name).copied().ok_or_else(|| {
        let list: Vec<String> = names().map(|name| format!("`{name}`")).collect();
        let help = nearest(name, names()).map(|name| format!("did you mean `{name}`?"));
        (format!("there is no design `{name}`; there are {}", list.join(", ")), help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_the_folder() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/method");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.ends_with("mod.rs"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().replace('_', "-"))
            .collect();
        files.sort();
        let names: Vec<&str> = METHODS.iter().map(|method| method.name()).collect();
        assert_eq!(names, files);
        assert!(METHODS.iter().all(|method| !method.help().is_empty()));
    }
}
