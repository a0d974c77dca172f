use super::*;
use crate::read_site;

#[tokio::test]
async fn a_site_of_this_host_has_no_relay() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("here.toml");
    std::fs::write(&file, format!("kind = \"slurm\"\ndirectory = \"{}\"\n", folder.path().display()))
        .unwrap();
    let here = Connection::to(read_site(&file).unwrap()).unwrap();
    let wrong = here.relay("/bin/paramo", "lab", 1).await.err().unwrap();
    assert!(!wrong.is_passing() && wrong.to_string().contains("the site is this host"), "{wrong}");
    let wrong = here.relay("/bin/paramo", "../lab", 1).await.err().unwrap();
    assert!(wrong.to_string().contains("expected a key"), "{wrong}");
}

#[tokio::test]
async fn a_path_that_no_socket_can_have_is_replaced_by_a_short_one_of_ones_own() {
    let here = Access::to(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("relay");
    let near = directory.to_str().unwrap();
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("k.sock"), "left").unwrap();
    assert_eq!(prepare(&here, near, "k").await.unwrap(), format!("{near}/k.sock"));
    assert!(!directory.join("k.sock").exists());
    let key = format!("paramo-tests-{}", std::process::id());
    let own = format!("/tmp/paramo-{}/{key}.sock", rustix::process::geteuid().as_raw());
    for far in [folder.path().join("x".repeat(100)), folder.path().join("a:b")] {
        assert_eq!(prepare(&here, far.to_str().unwrap(), &key).await.unwrap(), own);
        assert!(far.is_dir(), "the file with the address is there all the same");
    }
}

#[tokio::test]
async fn the_address_is_found_behind_what_a_login_prints() {
    let mut said: &[u8] = b"Welcome!\nToday: maintenance\nlogin1:40123\n";
    assert_eq!(address_in(&mut said).await.unwrap().to_string(), "login1:40123");
    let mut said: &[u8] = b"Welcome!\n";
    assert_eq!(address_in(&mut said).await, None);
}

#[tokio::test]
async fn the_last_line_of_many_complaints_is_kept() {
    let text = format!("{}\nrefused\n\n", "noise ".repeat(10_000));
    assert_eq!(last_words(Some(text.as_bytes())).await, "refused");
}
