//! The directories of studies, as they are sent to workers elsewhere: listed once while a study is worked on, read piece by piece.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use paramo_model::{Assignment, Study, StudyId};
use paramo_worker::remote::content::Manifest;
use paramo_worker::remote::wire::PIECE;
use tokio::sync::OnceCell;

type Listed = Arc<OnceCell<Result<Manifest, String>>>;

/// What was listed.
#[derive(Default)]
pub(crate) struct Sources {
    of: Mutex<HashMap<StudyId, Source>>,
    /// Files that go to nobody: the server's secrets.
    private: Mutex<Arc<[PathBuf]>>,
}

struct Source {
    /// As it was when its directory was listed.
    study: Weak<Study>,
    directory: String,
    listed: Listed,
}

impl Sources {
    /// Keeps files and directories to the server, wherever they are.
    pub fn keep(&self, files: &[PathBuf]) {
        let files = files.iter().filter_map(|file| std::fs::canonicalize(file).ok());
        let mut private = self.private.lock().unwrap_or_else(PoisonError::into_inner);
        *private = private.iter().cloned().chain(files).collect();
    }

    /// The files of a study's directory. The error says why it cannot be run elsewhere.
    pub async fn manifest(&self, assignment: &Assignment) -> Result<Manifest, String> {
        let study = Arc::clone(&assignment.study);
        let listed = {
            let mut sources = self.lock();
            sources.retain(|id, source| *id == assignment.id || source.study.strong_count() > 0);
            let known = sources.get(&assignment.id);
            match known
                .filter(|source| source.study.upgrade().is_some_and(|known| Arc::ptr_eq(&known, &study)))
            {
                Some(source) => Arc::clone(&source.listed),
                None => {
                    let listed = Listed::default();
                    let source = Source {
                        study: Arc::downgrade(&study),
                        directory: study.source.clone(),
                        listed: Arc::clone(&listed),
                    };
                    sources.insert(assignment.id, source);
                    listed
                }
            }
        };
        let private = Arc::clone(&self.private.lock().unwrap_or_else(PoisonError::into_inner));
        let list = || async move {
            let listed = tokio::task::spawn_blocking(move || Manifest::of(&study, &private)).await;
            listed.unwrap_or_else(|error| Err(error.to_string()))
        };
        listed.get_or_init(list).await.clone()
    }

    /// A piece of a file that is listed.
    pub async fn piece(&self, study: StudyId, file: usize, offset: u64) -> Result<Vec<u8>, String> {
        let unknown = || "the study is not worked on any more".to_owned();
        let (directory, listed) = {
            let sources = self.lock();
            let source = sources.get(&study).ok_or_else(unknown)?;
            (source.directory.clone(), Arc::clone(&source.listed))
        };
        let manifest = listed.get().and_then(|listed| listed.as_ref().ok()).ok_or_else(unknown)?;
        let entry = manifest.files.get(file).ok_or("there is no such file")?;
        let path = Path::new(&directory).join(&entry.path);
        let read = tokio::task::spawn_blocking(move || {
            let failed = |error: std::io::Error| format!("{}: {error}", path.display());
            let mut file = std::fs::File::open(&path).map_err(failed)?;
            file.seek(SeekFrom::Start(offset)).map_err(failed)?;
            let mut bytes = Vec::new();
            file.take(PIECE as u64).read_to_end(&mut bytes).map_err(failed)?;
            Ok(bytes)
        });
        read.await.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<StudyId, Source>> {
        // The map is whole between two statements.
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
