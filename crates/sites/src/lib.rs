//! Where runs are made: places with an engine that grant allocations in which workers live.
//!
//! A site only says *where*. It grants an allocation and gives a [`Link`](paramo_worker::Link) to the worker inside; what that worker gets to do
//! is the engine's business. A new kind of site is one file and one line in [`SITES`].

mod local;
mod site;

pub use local::Local;
pub use site::{Allocation, Request, Site, SiteError, SiteKind};

/// Every kind of site there is.
pub static SITES: &[&dyn SiteKind] = &[&Local];

/// The site of that name.
pub fn site(name: &str) -> Result<Box<dyn Site>, SiteError> {
    match SITES.iter().find(|kind| kind.name() == name) {
        Some(kind) => kind.build(),
        None => Err(SiteError::Unknown {
            name: name.to_owned(),
            known: SITES.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_lists_every_file() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".rs", ""))
            .filter(|name| !["lib", "site"].contains(&name.as_str()))
            .collect();
        files.sort();
        let mut kinds: Vec<&str> = SITES.iter().map(|kind| kind.name()).collect();
        kinds.sort_unstable();
        assert_eq!(files, kinds);
    }

    #[test]
    fn an_unknown_site_is_named_with_those_there_are() {
        let error = site("mars").err().unwrap().to_string();
        assert_eq!(error, "there is no site `mars`; the sites are: local");
    }
}
