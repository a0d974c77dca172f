//! An allocation with a worker inside: what is put on the site, and the batch script that starts it.
//!
//! The program is copied to the site once a version: its name there is the hash of its bytes, and a file of that name is never written
//! again. Each allocation has a token of its own, in a file that only its owner can read and that goes with the allocation.

use std::path::Path;

use paramo_model::{Bytes, Seconds};
use paramo_worker::remote::content::sum_of;

use crate::access::{Access, AccessError, quoted};
use crate::job::with_prologue;
use crate::{Array, BatchJob, Connection, EngineError, JobId, Placement, Size};

/// What a worker in an allocation is told.
#[derive(Clone, Debug)]
pub struct WorkerCall {
    /// Nobody else's: of the worker, of its files, and of its job.
    pub name: String,
    /// Where the server is, as the worker reaches it.
    pub server: String,
    /// The file on the site that says where the relay to the server is, where there is one.
    pub via_file: Option<String>,
    /// A certificate to trust beside those of the node (PEM).
    pub authority: Option<String>,
    /// What lets it in, for as long as the allocation lasts; of an array a line for each.
    pub token: String,
    /// What starts the tasks of a run that has the allocation to itself; `None`: it is shared.
    pub launcher: Option<String>,
    /// Paths that are the same there and at the server.
    pub shared: Vec<String>,
    /// CPUs of the allocation.
    pub cpus: u32,
    /// Of the allocation; what the node has when the site was not asked for some.
    pub memory: Option<Bytes>,
    /// Without work for so long, it ends.
    pub idle: Option<Seconds>,
    /// It ends by itself after so long, before the engine ends it.
    pub ends_in: Option<Seconds>,
}

/// So long before the walltime a worker stops, so that what it has can be handed in.
const SPARE: f64 = 60.0;

/// When a worker ends by itself in an allocation that lasts so long: a minute before, or at nine tenths of a short one.
pub fn ends_in(walltime: Seconds) -> Seconds {
    Seconds(if walltime.0 > 10.0 * SPARE { walltime.0 - SPARE } else { walltime.0 * 0.9 })
}

impl Connection {
    /// Brings the program to the site, if it is not there, and gives its path.
    ///
    /// # Errors
    ///
    /// When it cannot be read here or written there.
    pub async fn bring_program(&self, program: &Path) -> Result<String, AccessError> {
        let hash = hash(program).await?;
        let path = format!("{}/bin/paramo-{hash}", self.site.directory);
        let script = "[ -x \"$1\" ] && echo there || echo missing";
        let found = self.access.shell("look for the program", script, &[&path], &[]).await?;
        if found.trim_ascii() != b"there" {
            // It gets its name only when all of it is there, so two that bring it at once do no harm.
            self.access.put_file(program, &path, "700").await?;
        }
        Ok(path)
    }

    /// Asks for an allocation with a worker inside. `program` is what [`bring_program`](Connection::bring_program) gave.
    ///
    /// # Errors
    ///
    /// When the site refuses. What was put there for it is then removed.
    pub async fn submit_worker(
        &self,
        (placement, size): (&Placement, &Size),
        program: &str,
        call: &WorkerCall,
    ) -> Result<JobId, EngineError> {
        let places = Places::new(&self.site.directory, &call.name);
        self.submit_at(&places, (placement, size), program, call, None).await
    }

    /// The same for an array of equal allocations, one for each token, of which so many are there at once. Each is known as [`element`] of
    /// the call's name, and by the number of the job, `_` and its index.
    ///
    /// # Errors
    ///
    /// As [`submit_worker`](Connection::submit_worker).
    pub async fn submit_workers(
        &self,
        (placement, size): (&Placement, &Size),
        program: &str,
        call: &WorkerCall,
        at_once: u32,
    ) -> Result<JobId, EngineError> {
        let last = call.token.lines().count().saturating_sub(1);
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        let array = Array { first: 0, last, step: 1, throttle: Some(at_once) };
        let places = Places::of_array(&self.site.directory, &call.name);
        self.submit_at(&places, (placement, size), program, call, Some(array)).await
    }

    async fn submit_at(
        &self,
        places: &Places,
        (placement, size): (&Placement, &Size),
        program: &str,
        call: &WorkerCall,
        array: Option<Array>,
    ) -> Result<JobId, EngineError> {
        self.access.make_directory(&places.directory).await?;
        self.access.put(call.token.as_bytes(), &places.tokens, "600").await?;
        if let Some(authority) = &call.authority {
            self.access.put(authority.as_bytes(), &places.authority(), "600").await?;
        }
        let script = with_prologue(&script(program, call, places), self.site.prologue.as_deref());
        let job = BatchJob {
            name: call.name.clone(),
            script,
            directory: places.directory.clone(),
            output: places.log(),
            error: places.log(),
            placement: placement.clone(),
            size: size.clone(),
            // Its token is gone by then, and the pool asks for another.
            again: false,
            array,
            after: Vec::new(),
        };
        let submitted = self.engine.submit(&job).await;
        if let Err(error) = &submitted
            && !error.is_passing()
        {
            // Nobody will ever read it; what cannot be removed is told by the error that follows anyway.
            let _ = forget(&self.access, places).await;
        }
        submitted
    }
}

impl Connection {
    /// How long an allocation of this size would wait if it were asked for now; `None`: the engine cannot tell.
    ///
    /// # Errors
    ///
    /// When the site would refuse it, or does not answer.
    pub async fn allocation_begins(
        &self,
        placement: &Placement,
        size: &Size,
    ) -> Result<Option<Seconds>, EngineError> {
        self.engine
            .begins(&BatchJob {
                name: "paramo".to_owned(),
                script: "#!/bin/sh\n".to_owned(),
                directory: "/".to_owned(),
                output: "/dev/null".to_owned(),
                error: "/dev/null".to_owned(),
                placement: placement.clone(),
                size: size.clone(),
                again: false,
                array: None,
                after: Vec::new(),
            })
            .await
    }

    /// What the worker of an allocation has said last, up to some thousand bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub async fn worker_log(&self, name: &str) -> Result<String, AccessError> {
        let log = match array_of(name) {
            Some((array, index)) => {
                format!("{}-{index}", Places::of_array(&self.site.directory, array).log())
            }
            None => Places::new(&self.site.directory, name).log(),
        };
        let script = "[ ! -e \"$1\" ] || tail -c 4000 -- \"$1\"";
        let text = self.access.shell("read what the worker said", script, &[&log], &[]).await?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// One of an array of allocations.
pub fn element(array: &str, index: u32) -> String {
    format!("{array}.{index}")
}

/// The array of which an allocation is one, and its index there.
pub fn array_of(name: &str) -> Option<(&str, u32)> {
    let (array, index) = name.rsplit_once('.')?;
    Some((array, index.parse().ok()?))
}

/// Where the files of an allocation, or of an array of them, are.
struct Places {
    directory: String,
    /// The file of its token; of an array a line for each.
    tokens: String,
    /// As the script names them: each of an array has its own.
    name: String,
    home: String,
    /// Lines that come first in the script.
    first: String,
    /// What its workers have fetched, for all of them.
    content: String,
}

impl Places {
    fn new(site: &str, name: &str) -> Places {
        let directory = format!("{site}/allocations/{name}");
        Places {
            tokens: format!("{directory}/token"),
            name: quoted(name),
            home: quoted(&directory),
            first: String::new(),
            content: format!("{site}/content"),
            directory,
        }
    }

    /// Each of an array takes its token out of the file for all, and has a directory of its own.
    fn of_array(site: &str, name: &str) -> Places {
        let one = Places::new(site, name);
        let tokens = format!("{}/tokens", one.directory);
        let first = format!(
            "name={}.$SLURM_ARRAY_TASK_ID\nhome={}/$name\nmkdir -p -- \"$home\"\nsed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {} > \"$home/token\"\n",
            quoted(name),
            quoted(&format!("{site}/allocations")),
            quoted(&tokens)
        );
        Places { tokens, name: "\"$name\"".to_owned(), home: "\"$home\"".to_owned(), first, ..one }
    }

    fn authority(&self) -> String {
        format!("{}/server.pem", self.directory)
    }

    fn log(&self) -> String {
        format!("{}/worker.log", self.directory)
    }
}

impl Connection {
    /// Removes the tokens of an array of which none is left.
    ///
    /// # Errors
    ///
    /// When that cannot be done.
    pub async fn forget_tokens(&self, array: &str) -> Result<(), AccessError> {
        let places = Places::of_array(&self.site.directory, array);
        self.access.shell("remove tokens", "rm -f -- \"$1\"", &[&places.tokens], &[]).await.map(drop)
    }
}

async fn forget(access: &Access, places: &Places) -> Result<(), AccessError> {
    access.shell("remove it", "rm -rf -- \"$1\"", &[&places.directory], &[]).await.map(drop)
}

/// The batch script. Scratch is on the node where the site gives one, else in the allocation's directory.
fn script(program: &str, call: &WorkerCall, places: &Places) -> String {
    let mut words = vec![
        quoted(program),
        "worker".to_owned(),
        format!("--server {}", quoted(&call.server)),
        format!("--token-file {}/token", places.home),
        format!("--name {}", places.name),
        format!("--cpus {}", call.cpus),
    ];
    words.extend(call.via_file.as_ref().map(|file| format!("--via-file {}", quoted(file))));
    words.extend(call.authority.as_ref().map(|_| format!("--ca-file {}", quoted(&places.authority()))));
    words.extend(call.memory.map(|memory| format!("--memory {}B", memory.0)));
    words.extend(call.idle.map(|time| format!("--idle {}", quoted(&seconds(time)))));
    words.extend(call.ends_in.map(|time| format!("--ends-in {}", quoted(&seconds(time)))));
    words.extend(call.launcher.as_ref().map(|words| format!("--launcher {}", quoted(words))));
    words.extend(call.shared.iter().map(|path| format!("--shared {}", quoted(path))));
    words.push(format!("--content {}", quoted(&places.content)));
    words.push("--scratch \"$scratch\"".to_owned());
    format!(
        "#!/bin/bash\n\
         umask 077\n\
         {first}\
         scratch={}\n\
         if [ -n \"$scratch\" ]; then scratch=$scratch/paramo-{name}; mkdir -m 700 -- \"$scratch\" || scratch=; fi\n\
         if [ -z \"$scratch\" ]; then scratch={home}/scratch; mkdir -p \"$scratch\"; fi\n\
         worker=\n\
         finish() {{ rm -rf -- {home}/token \"$scratch\"; }}\n\
         trap finish EXIT\n\
         trap '[ -z \"$worker\" ] || kill -TERM \"$worker\"' TERM INT\n\
         {} &\n\
         worker=$!\n\
         wait \"$worker\"\n\
         code=$?\n\
         # A signal has ended the waiting, not the worker.\n\
         while kill -0 \"$worker\" 2>/dev/null; do wait \"$worker\"; code=$?; done\n\
         exit \"$code\"\n",
        // The nodes of one that is spread must all see it.
        if call.launcher.is_some() { "" } else { "${SLURM_TMPDIR:-${TMPDIR:-}}" },
        words.join(" "),
        first = places.first,
        name = places.name,
        home = places.home,
    )
}

fn seconds(time: Seconds) -> String {
    format!("{}s", time.0)
}

/// The SHA-256 of a file. Reading a program takes long enough that it is not done on the thread that answers.
async fn hash(program: &Path) -> Result<String, AccessError> {
    let path = program.to_path_buf();
    let read =
        tokio::task::spawn_blocking(move || sum_of(&path)).await.unwrap_or_else(|error| Err(error.into()));
    let local = |error: std::io::Error| AccessError::Local {
        file: program.display().to_string(),
        why: error.to_string(),
    };
    Ok(read.map_err(local)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> WorkerCall {
        WorkerCall {
            name: "hpc-1".to_owned(),
            server: "https://paramo.example/lab".to_owned(),
            via_file: Some("/site/relay/a.address".to_owned()),
            authority: Some("PEM".to_owned()),
            token: "secret".to_owned(),
            launcher: None,
            shared: vec!["/data 1".to_owned()],
            cpus: 4,
            memory: Some(Bytes(1 << 30)),
            idle: Some(Seconds(300.0)),
            ends_in: Some(ends_in(Seconds(3600.0))),
        }
    }

    #[test]
    fn a_worker_is_told_all_and_its_token_by_a_file() {
        let text = script("/site/bin/paramo-1", &call(), &Places::new("/si te", "hpc-1"));
        let line = text.lines().find(|line| line.starts_with("/site/bin")).unwrap();
        assert_eq!(
            line,
            "/site/bin/paramo-1 worker --server https://paramo.example/lab --token-file '/si te/allocations/hpc-1'/token --name hpc-1 --cpus 4 --via-file /site/relay/a.address --ca-file '/si te/allocations/hpc-1/server.pem' --memory 1073741824B --idle 300s --ends-in 3540s --shared '/data 1' --content '/si te/content' --scratch \"$scratch\" &"
        );
        let whole = WorkerCall { launcher: Some("srun -n {tasks}".to_owned()), ..call() };
        let whole = script("/site/bin/paramo-1", &whole, &Places::new("/s", "hpc-1"));
        assert!(whole.contains("--launcher 'srun -n {tasks}' --shared") && whole.contains("scratch=\n"));
        assert!(!text.contains("secret"));
        assert_eq!(ends_in(Seconds(60.0)).0, 54.0);
    }

    #[test]
    fn each_of_an_array_has_its_token_and_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let site = format!("{}/si te", directory.path().display());
        let places = Places::of_array(&site, "hpc-1");
        std::fs::create_dir_all(&places.directory).unwrap();
        std::fs::write(&places.tokens, "zero\none\ntwo\n").unwrap();
        let program = directory.path().join("paramo");
        let worker =
            "#!/bin/bash\necho \"$@\"\nwhile [ \"$1\" != --token-file ]; do shift; done; cat \"$2\"\n";
        std::fs::write(&program, worker).unwrap();
        std::process::Command::new("chmod").arg("755").arg(&program).status().unwrap();
        let text = script(program.to_str().unwrap(), &call(), &places);
        let run = std::process::Command::new("bash")
            .args(["-c", &text])
            .env_remove("TMPDIR")
            .env("SLURM_ARRAY_TASK_ID", "1")
            .output()
            .unwrap();
        let out = String::from_utf8(run.stdout).unwrap();
        assert!(out.contains("--name hpc-1.1 ") && out.ends_with("\none\n"), "{out}");
        let home = format!("{site}/allocations/hpc-1.1");
        assert!(out.contains(&format!("--scratch {home}/scratch")), "{out}");
        assert!(Path::new(&home).exists() && !Path::new(&home).join("token").exists());
        assert_eq!(array_of(&element("hpc-1", 1)), Some(("hpc-1", 1)));
        assert_eq!((array_of("hpc-1"), array_of("hpc.1-5")), (None, None));
    }

    #[test]
    fn the_script_hands_signals_on_waits_for_the_worker_and_removes_the_token() {
        let directory = tempfile::tempdir().unwrap();
        let site = directory.path().to_str().unwrap();
        let places = Places::new(site, "hpc-1");
        std::fs::create_dir_all(&places.directory).unwrap();
        std::fs::write(&places.tokens, "secret").unwrap();
        let program = directory.path().join("paramo");
        // A worker that says that it is there, and takes a moment to end when it is told to.
        let worker = "#!/bin/bash\ntrap 'sleep 0.2; echo ended; exit 7' TERM\necho \"$@\"\nwhile :; do sleep 0.05; done\n";
        std::fs::write(&program, worker).unwrap();
        std::process::Command::new("chmod").arg("755").arg(&program).status().unwrap();
        let text = script(program.to_str().unwrap(), &call(), &places);
        let mut child = std::process::Command::new("bash")
            .args(["-c", &text])
            .env_remove("TMPDIR")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        assert!(line.contains("--token-file"), "{line}");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        line.clear();
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        assert_eq!(line, "ended\n");
        assert_eq!(child.wait().unwrap().code(), Some(7));
        assert!(!Path::new(&places.tokens).exists());
        assert!(!Path::new(&format!("{}/scratch", places.directory)).exists());
    }
}
