use super::*;

fn here() -> Access {
    Access::to(None).unwrap()
}

#[tokio::test]
async fn commands_are_run_with_input_and_a_time_limit() {
    let finished = here().run(&["cat"], b"hello").await.unwrap();
    assert_eq!((finished.code, finished.out.as_slice()), (Some(0), b"hello".as_slice()));
    let finished = here().run(&["sh", "-c", "echo no >&2; exit 3"], b"").await.unwrap();
    assert_eq!((finished.code, finished.complaint()), (Some(3), "no".to_owned()));
    let slow = here().run_within(Duration::from_millis(50), &["sleep", "60"], b"").await;
    assert!(matches!(slow, Err(AccessError::Silent { .. })));
    let none = here().run(&["no-such-program"], b"").await.unwrap_err().to_string();
    assert!(none.starts_with("`no-such-program` cannot be started on this host"), "{none}");
}

#[tokio::test]
async fn what_is_left_behind_does_not_hold_an_answer_up() {
    let begun = std::time::Instant::now();
    let words = ["sh", "-c", "sleep 30 >/dev/null & echo out; echo err >&2"];
    let finished = here().run(&words, b"").await.unwrap();
    assert_eq!((finished.text().as_str(), finished.complaint().as_str()), ("out\n", "err"));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn files_come_and_go_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let bytes: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    here().put(&bytes, &path("a/b c"), "600").await.unwrap();
    here().get_file(&path("a/b c"), &directory.path().join("back")).await.unwrap();
    assert_eq!(std::fs::read(path("back")).unwrap(), bytes);
    here().put_file(&directory.path().join("back"), &path("again"), "755").await.unwrap();
    assert_eq!(std::fs::read(path("again")).unwrap(), bytes);
    assert_eq!(here().read_beyond(&path("again"), 2_999_999).await.unwrap(), bytes[2_999_999..]);
    assert_eq!(here().read_beyond(&path("again"), 0).await.unwrap().len(), PIECE);
    assert!(here().read_beyond(&path("none"), 0).await.unwrap().is_empty());
    let error = here().get_file(&path("none"), &directory.path().join("kept")).await.unwrap_err();
    assert!(error.to_string().contains("No such file"), "{error}");
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}
