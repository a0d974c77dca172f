//! Batches come back as they were, are as small as promised, and anything else is refused.

use super::*;
use paramo_model::{Bytes, Cause, Ended, Micros, OutputFile, Seconds, Timestamp};
use proptest::prelude::*;

pub const ID: BatchId = BatchId { study: StudyId(3), seq: Seq(8) };

fn cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        any::<i32>().prop_map(|code| Cause::Exit { code }),
        any::<i32>().prop_map(|signal| Cause::Signal { signal }),
        any::<Option<u64>>().prop_map(|limit| Cause::OutOfMemory { limit: limit.map(Bytes) }),
        (0.0..1e9).prop_map(|limit| Cause::TimeOut { limit: Seconds(limit) }),
        Just(Cause::LostWorker),
        "\\PC{0,9}".prop_map(|message| Cause::BadOutput { message }),
        "\\PC{0,9}".prop_map(|message| Cause::NotStarted { message }),
        "\\PC{0,9}".prop_map(|message| Cause::Exception { message }),
        Just(Cause::Cancelled),
    ]
}

fn output_file() -> impl Strategy<Value = OutputFile> {
    let tail = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 0..20)];
    (tail, any::<u64>(), prop::option::of("[a-z/]{0,8}")).prop_map(|(tail, length, file)| OutputFile {
        tail,
        length,
        file,
    })
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let ended = prop_oneof![Just(Ended::Succeeded), cause().prop_map(Ended::Failed)];
    let times = (any::<i64>(), any::<u64>(), any::<u64>(), any::<u64>());
    let place = (prop_oneof![2 => Just(0), 1 => any::<u32>()], any::<u32>());
    (any::<u32>(), ended, times, any::<Option<i32>>(), place, output_file(), output_file()).prop_map(
        |(number, ended, (started, wall, cpu, memory), exit_code, (worker, slot), stdout, stderr)| Attempt {
            number,
            ended,
            started: Timestamp(started),
            wall: Micros(wall),
            cpu: Micros(cpu),
            peak_memory: Bytes(memory),
            exit_code,
            worker,
            slot,
            stdout,
            stderr,
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Missing),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Float),
        prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, 3.0, -1e300]).prop_map(Value::Float),
        "\\PC{0,6}".prop_map(Value::string),
    ]
}

fn runs() -> impl Strategy<Value = Vec<RunRecord>> {
    let run = (
        any::<u64>(),
        attempt(),
        prop::collection::vec(attempt(), 0..3),
        prop::collection::vec(value(), 0..4),
    );
    prop::collection::vec(run, 1..12).prop_map(|runs| {
        let make = |(index, last, earlier, outputs)| RunRecord { index, last, earlier, outputs };
        runs.into_iter().map(make).collect()
    })
}

pub fn batch(runs: &[RunRecord]) -> (Batch, Option<Vec<u8>>) {
    let mut parts = Parts::of_runs(runs);
    parts.sign(ID);
    (Batch { study: ID.study, seq: ID.seq, row: parts.row, file: Path::new("store.db").into() }, parts.output)
}

/// Runs as a sweep makes them, one after the other.
fn ordinary(count: u64) -> Vec<RunRecord> {
    let noise = |i: u64| {
        let x = (i ^ (i >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
    };
    (0..count)
        .map(|i| RunRecord {
            index: i,
            last: Attempt {
                number: 1,
                ended: Ended::Succeeded,
                started: Timestamp(1_700_000_000_000_000 + i as i64 * 700 + noise(i) as i64 % 500),
                wall: Micros(900 + noise(i + 1) % 400),
                cpu: Micros(700 + noise(i + 2) % 200),
                peak_memory: Bytes(2_000_000 + noise(i + 3) % 64 * 4096),
                exit_code: Some(0),
                worker: 0,
                slot: (noise(i) % 2) as u32,
                stdout: OutputFile { tail: Vec::new(), length: 24 + i % 3, file: None },
                stderr: OutputFile::default(),
            },
            earlier: Vec::new(),
            outputs: vec![Value::Float((i as f64).sin()), Value::Integer(noise(i) as i64 % 1000)],
        })
        .collect()
}

proptest! {
    #[test]
    fn runs_come_back(runs in runs()) {
        let (batch, output) = batch(&runs);
        let Content::Runs(columns) = batch.decode().unwrap() else { panic!("not runs") };
        let mut bare = runs.clone();
        for run in &mut bare {
            for attempt in run.earlier.iter_mut().chain([&mut run.last]) {
                attempt.stdout.tail.clear();
                attempt.stderr.tail.clear();
            }
        }
        prop_assert_eq!(columns.records(), bare);
        let mut seen = std::collections::HashSet::new();
        for run in runs.iter().filter(|run| seen.insert(run.index)) {
            prop_assert_eq!(batch.run(run.index, output.as_deref()).unwrap(), Some(run.clone()));
        }
        prop_assert_eq!(batch.records(output.as_deref()).unwrap(), runs.clone());
        let from = Path::new("http://127.0.0.1:1");
        let shipment = Shipment { newest: Seq(9), batches: vec![(batch, output)] }.write();
        let arrived = Shipment::read(&shipment, ID.study, from).unwrap();
        let (batch, output) = &arrived.batches[0];
        prop_assert_eq!((arrived.newest, batch.seq), (Seq(9), ID.seq));
        prop_assert_eq!(batch.records(output.as_deref()).unwrap(), runs.clone());
        let one = Shipment::of_run(ID.study, &runs[0]).write();
        prop_assert_eq!(Shipment::read(&one, ID.study, from).unwrap().run().unwrap(), Some(runs[0].clone()));
    }

    #[test]
    fn any_bytes_are_taken_for_a_shipment(bytes in prop::collection::vec(any::<u8>(), 0..60), cut in 0usize..200) {
        let headed = [b"PRMB\x01".as_slice(), &bytes].concat();
        for bytes in [bytes, headed] {
            if let Ok(shipment) = Shipment::read(&bytes, ID.study, Path::new("")) {
                let _ = shipment.run();
            }
        }
        let whole = Shipment::of_run(ID.study, &ordinary(1)[0]).write();
        if cut < whole.len() {
            let cut = Shipment::read(&whole[..cut], ID.study, Path::new("")).and_then(|cut| cut.run().map_err(|e| e.to_string()));
            prop_assert!(!matches!(cut, Ok(Some(_))));
        }
    }

    #[test]
    fn which_runs_have_ended_comes_back(succeeded: Vec<u64>, failed: Vec<u64>, any: Vec<u8>) {
        let ended = crate::Ended { succeeded: succeeded.into_iter().collect(), failed: failed.into_iter().collect() };
        prop_assert_eq!(crate::Ended::read(&ended.write()), Ok(ended));
        let _ = crate::Ended::read(&any);
    }

    #[test]
    fn reopened_runs_come_back(indices: std::collections::BTreeSet<u64>, first in 0u64..1000, length in 1u64..1000) {
        let mut indices: RoaringTreemap = indices.into_iter().filter(|i| *i < u64::MAX).collect();
        indices.insert_range(first..first + length);
        let mut parts = Parts::of_reopened(&indices);
        parts.sign(ID);
        let batch = Batch { study: ID.study, seq: ID.seq, row: parts.row, file: Path::new("").into() };
        prop_assert_eq!(batch.decode().unwrap(), Content::Reopened(indices));
    }

    #[test]
    fn any_bytes_behind_a_right_checksum_are_columns_or_refused(
        head in prop::collection::vec(any::<u8>(), 0..60),
        data in prop::collection::vec(any::<u8>(), 0..200),
        kind in 0i64..3,
        runs in 0i64..40,
        packed: bool,
    ) {
        let wrap = |content: &[u8], part| {
            let mut bytes = vec![1, u8::from(packed), 0, 0, 0, 0];
            bytes.extend_from_slice(content);
            envelope::sign(&mut bytes, part, ID);
            bytes
        };
        let mut content = Vec::new();
        put_varint(&mut content, runs as u64);
        content.extend(head);
        let part = if kind == REOPENED { Part::Reopened } else { Part::Head };
        let row = Row { kind, runs, head: wrap(&content, part), data: wrap(&data, Part::Data), ..Row::default() };
        let _ = row.content(ID);
        let index: Vec<u64> = (0..runs as u64).collect();
        let _ = read_data(&data, index, &vec![None; runs as usize]);
        let _ = Tails::read(&data, runs as usize, runs as usize / 2);
        let _ = envelope::content(&data);
    }
}

#[test]
fn a_changed_content_is_refused_or_still_columns_and_never_a_panic() {
    let mut runs = ordinary(40);
    runs[3].last.ended = Ended::Failed(Cause::Exception { message: "ValueError".into() });
    runs[9].earlier = vec![runs[3].last.clone()];
    runs[9].outputs[1] = Value::Missing;
    runs[5].outputs[0] = Value::string("text");
    let (batch, _) = batch(&runs);
    let Head::Runs(index, kinds) = batch.head().unwrap() else { panic!("not runs") };
    let data = envelope::content(&batch.row.data).unwrap().into_owned();
    let head = envelope::content(&batch.row.head).unwrap().into_owned();
    for at in 0..data.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = data.clone();
            changed[at] ^= change;
            let _ = read_data(&changed, index.clone(), &kinds);
        }
        assert!(read_data(&data[..at], index.clone(), &kinds).is_err(), "cut at {at}");
    }
    for at in 0..head.len() {
        assert!(batch.row.read_head(&head[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn every_changed_bit_of_a_row_is_found() {
    let (good, output) = batch(&ordinary(20));
    assert!(output.is_none());
    for bit in 0..good.row.data.len() * 8 {
        let mut bad = good.clone();
        bad.row.data[bit / 8] ^= 1 << (bit % 8);
        assert!(bad.decode().is_err(), "bit {bit} of data");
    }
    for bit in 0..good.row.head.len() * 8 {
        let mut bad = good.clone();
        bad.row.head[bit / 8] ^= 1 << (bit % 8);
        assert!(bad.head().is_err(), "bit {bit} of head");
    }
    for row in [
        Row { first: 1, ..good.row.clone() },
        Row { last: 20, ..good.row.clone() },
        Row { runs: 21, ..good.row.clone() },
        Row { kind: 1, ..good.row.clone() },
        Row { head: Vec::new(), ..good.row.clone() },
    ] {
        assert!(Batch { row, ..good.clone() }.head().is_err());
    }
    let elsewhere = Batch { seq: Seq(9), ..good.clone() };
    insta::assert_snapshot!(elsewhere.decode().unwrap_err(), @"store.db is damaged in batch 9 of study 3: its checksum is wrong; `paramo doctor` says what can still be read, and a copy of the directory made before is whole");
}

#[test]
fn lengths_that_would_fill_memory_are_refused() {
    let mut bomb = vec![1, 1, 0, 0, 0, 0];
    put_varint(&mut bomb, 1 << 40);
    bomb.extend([0; 30]);
    assert_eq!(envelope::content(&bomb), Err(Broken("its length is impossible")));
    let row = Row { kind: REOPENED, runs: i64::MAX, ..Row::default() };
    let mut head = Vec::new();
    put_varint(&mut head, i64::MAX as u64);
    put_varint(&mut head, 0);
    put_varint(&mut head, i64::MAX as u64);
    assert_eq!(row.read_head(&head), Err(Broken("it claims more than a batch can hold")));
    let mut constant = vec![0, 2];
    constant.splice(0..0, [0xff, 0xff, 0xff, 0xff, 0x0f]);
    let row = Row { kind: RUNS, runs: 0xffff_ffff, ..Row::default() };
    assert_eq!(row.read_head(&constant), Err(Broken("it claims more than a batch can hold")));
}

#[test]
fn an_ordinary_run_takes_less_than_40_bytes() {
    let (batch, _) = batch(&ordinary(5000));
    let bytes = batch.row.head.len() + batch.row.data.len();
    assert!(bytes < 5000 * 30, "{} bytes a run", bytes as f64 / 5000.0);
    assert!(batch.row.head.len() < 30, "indices in order take {} bytes", batch.row.head.len());
    let single = super::tests::batch(&ordinary(1)).0;
    assert!(single.row.head.len() + single.row.data.len() < 100);
}

#[test]
fn runs_are_cut_by_number_and_size() {
    let runs = ordinary(MAX_RUNS as u64 + 1);
    assert_eq!(cut(&runs).unwrap().iter().map(|c| c.len()).collect::<Vec<_>>(), [MAX_RUNS, 1]);
    let mut runs = ordinary(3);
    let text = "x".repeat(20 << 20);
    runs.iter_mut().for_each(|run| run.outputs = vec![Value::string(text.as_str())]);
    assert_eq!(cut(&runs).unwrap().len(), 3);
    assert!(cut(&[]).unwrap().is_empty());
    runs[1].last.stdout.tail = vec![0; MAX_RUN_BYTES as usize];
    assert!(matches!(cut(&runs), Err(StoreError::TooLarge { index: 1, .. })));
}
