//! The socket: for one user, whatever lies in its place; and owners of other versions.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::sync::Arc;

use lichen_engine::ErrorKind;
use lichen_server::ask::Ask;
use lichen_server::feed::Silent;
use lichen_server::{Client, Error, Memory as _, Owner, ServeOptions, Shape, check_unserved};

use crate::served::{Remembered, VERSION, path_of};

#[test]
fn the_socket_is_its_users_alone() {
    let served = Remembered::new().serve();
    let path = path_of(&served.place.dir());
    let mode = |path: &std::path::Path| fs_err::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let again = check_unserved(&served.place.dir(), VERSION);
    assert!(matches!(&again, Err(error @ Error::Served { version, .. }) if version == VERSION
        && error.kind() == ErrorKind::Busy));
    let place = served.stop();
    assert!(!path.exists(), "it goes with its owner");
    assert!(Client::connect(&place.dir(), VERSION).unwrap().is_none());
    check_unserved(&place.dir(), VERSION).unwrap();
}

#[test]
fn what_a_dead_owner_left_is_in_nobodys_way() {
    for left in ["socket", "file", "link", "loose folder"] {
        let place = Remembered::new();
        let path = path_of(&place.dir());
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        let victim = place.root().join("victim");
        fs_err::write(&victim, "kept").unwrap();
        match left {
            "socket" => drop(UnixListener::bind(&path).unwrap()),
            "file" => fs_err::write(&path, "").unwrap(),
            "link" => symlink(&victim, &path).unwrap(),
            _ => {
                let open = std::fs::Permissions::from_mode(0o777);
                fs_err::set_permissions(path.parent().unwrap(), open).unwrap();
            }
        }
        // Nobody listens: a command opens the store itself.
        if left != "link" && left != "file" {
            assert!(Client::connect(&place.dir(), VERSION).unwrap().is_none(), "{left}");
        }
        let served = place.serve();
        served.client().ask(&Ask::Status, Shape::Text).unwrap();
        assert_eq!(fs_err::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        let _place = served.stop();
        assert_eq!(fs_err::read_to_string(&victim).unwrap(), "kept");
    }
}

#[test]
fn a_folder_that_leads_elsewhere_is_refused() {
    let place = Remembered::new();
    let elsewhere = place.root().join("elsewhere");
    fs_err::create_dir_all(&elsewhere).unwrap();
    symlink(&elsewhere, place.dir().join("run")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let start = Owner::start(
        place.engine(),
        ServeOptions::new(VERSION),
        Arc::new(Silent),
        place.clock.clone(),
    );
    let Err(error) = runtime.block_on(start) else { panic!("it was served") };
    assert!(error.to_string().contains("run") && error.kind() == ErrorKind::Config, "{error}");
    assert!(fs_err::read_dir(&elsewhere).unwrap().next().is_none());
}

#[test]
fn a_long_path_has_a_socket_too() {
    let place = Remembered::new();
    let long = place.root().join("d".repeat(120));
    fs_err::create_dir_all(&long).unwrap();
    let dir = long.join(".lichen");
    lichen_engine::init(&dir).unwrap();
    let mut engine = lichen_engine::Engine::open(
        &dir,
        lichen_engine::Config::default(),
        "a test",
        place.clock.clone(),
    )
    .unwrap();
    engine.prepare(&mut lichen_engine::Unobserved).unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let start =
        Owner::start(engine, ServeOptions::new(VERSION), Arc::new(Silent), place.clock.clone());
    let owner = runtime.block_on(start).unwrap();
    let mut client = Client::connect(&dir, VERSION).unwrap().unwrap();
    assert!(client.ask(&Ask::Status, Shape::Text).unwrap().body.contains("store"));
    drop(client);
    runtime.block_on(owner.stop()).unwrap().close().unwrap();
}

#[test]
fn versions_that_do_not_fit_are_named_on_both_sides() {
    let served = Remembered::new().serve();
    let lines = ["lichen-api: 9".to_owned(), "lichen-version: 9.9.9".to_owned()];
    let heard = served.send_local("GET", "/v1/status", &lines, "");
    assert_eq!(heard.status, 400);
    assert!(heard.body.contains("9.9.9") && heard.body.contains(VERSION), "{}", heard.body);
    assert!(heard.head.contains("lichen-api: 1"), "{}", heard.head);
    let place = served.stop();
    // An owner of another version.
    let path = path_of(&place.dir());
    let listener = UnixListener::bind(&path).unwrap();
    let other = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 4096];
            let _read = stream.read(&mut head).unwrap();
            let answer = "HTTP/1.1 200 OK\r\nlichen-api: 7\r\nlichen-version: 7.0.0\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let mut client = Client::connect(&place.dir(), VERSION).unwrap().unwrap();
    let error = client.ask(&Ask::Status, Shape::Json).unwrap_err();
    assert!(matches!(&error, Error::Versions { theirs, .. } if theirs == "7.0.0"), "{error}");
    assert!(error.to_string().contains("7.0.0") && error.to_string().contains(VERSION));
    drop(client);
    let served = check_unserved(&place.dir(), VERSION);
    assert!(matches!(served, Err(Error::Served { version, .. }) if version == "7.0.0"));
    other.join().unwrap();
}

#[test]
fn a_client_finds_the_next_owner() {
    let served = Remembered::new().serve();
    let mut client = served.client();
    let status = client.ask(&Ask::Status, Shape::Json).unwrap();
    let place = served.stop();
    let gone = client.ask(&Ask::Status, Shape::Json).unwrap_err();
    assert!(matches!(gone, Error::Connection { .. }), "{gone}");
    let served = place.serve();
    let again = client.ask(&Ask::Status, Shape::Json).unwrap();
    let counts =
        |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["counts"].clone();
    assert_eq!(counts(&again.body), counts(&status.body));
    // Where it did not ask meanwhile it has nothing to lose: what must not be done twice is sent to the next owner.
    let served = served.stop().serve();
    let made = r#"{"name":"x","scopes":["read"]}"#;
    let ask = Ask::CreateKey(serde_json::from_str(made).unwrap());
    client.ask(&ask, Shape::Json).unwrap();
    let keys = client.ask(&Ask::Keys, Shape::Json).unwrap().body;
    assert_eq!(keys.matches("created_at").count(), 1);
    served.stop();
}
