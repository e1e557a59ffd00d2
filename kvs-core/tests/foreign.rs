//! Histories of other tools: what they mean, what is wrong with them, and that nothing that is read brings anything down.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::foreign::{Error, History, ModelName, Options, Reader};
use kvs_core::check::{Budget, Verdict};
use kvs_core::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use proptest::prelude::*;

fn read(text: &[u8]) -> Result<History, Error> {
    let mut reader = Reader::default();
    reader.read(text)?;
    reader.finish()
}

fn verdict(text: &str, options: &Options) -> Result<&'static str, Error> {
    Ok(match read(text.as_bytes())?.judge(options, Budget::PATIENT)?.1 {
        Verdict::Holds => "linearizable",
        Verdict::Broken(_) => "not linearizable",
        Verdict::Undecided(_) => "undecided",
    })
}

fn judged(text: &str) -> &'static str {
    verdict(text, &Options::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn from(initial: &str) -> Options {
    Options { initial: Some(Options::parse_initial(initial).expect("a value")), ..Options::default() }
}

/// What each of these is, together with why.
const HISTORIES: &[(&str, &str, &str)] = &[
    (
        "maps, one a line",
        "linearizable",
        "{:process 0, :type :invoke, :f :write, :value 3}
         {:process 1, :type :invoke, :f :read, :value nil}
         {:process 1, :type :ok, :f :read, :value nil}
         {:process 0, :type :ok, :f :write, :value 3}",
    ),
    (
        "the read comes after the write has returned",
        "not linearizable",
        "{:process 0, :type :invoke, :f :write, :value 3}
         {:process 0, :type :ok, :f :write, :value 3}
         {:process 1, :type :invoke, :f :read}
         {:process 1, :type :ok, :f :read, :value nil}",
    ),
    (
        "a vector, its maps in other words: tags, comments, commas, a map over several lines",
        "linearizable",
        "; a history\n[#jepsen.history.Op{:index 0, :time 1.5, :process 0, :type :invoke, :f :cas, :value [nil 1], :error [:a {:b #{1}}]},
         {:process 0 :type :ok
          :f :cas ; it worked
          :value [nil 1]}, #_{:process 9} {:process :nemesis :type :info :f :start :value nil}]",
    ),
    (
        "a list; what failed did not happen",
        "linearizable",
        "({:type :invoke, :f :write, :value 3, :process 0} {:type :fail, :f :write, :value 3, :process 0}
          {:type :invoke, :f :read, :value nil, :process 0} {:type :ok, :f :read, :value nil, :process 0})",
    ),
    (
        "a cas that failed says nothing in a map",
        "linearizable",
        "{:process 0 :type :invoke :f :write :value 1}{:process 0 :type :ok :f :write :value 1}
         {:process 0 :type :invoke :f :cas :value [1 2]}{:process 0 :type :fail :f :cas :value [1 2]}",
    ),
    (
        "and that there was another value in a log",
        "not linearizable",
        "INFO  jepsen.util - 0\t:invoke\t:write\t1\nINFO  jepsen.util - 0\t:ok\t:write\t1\r
         INFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - 0\t:fail\t:cas\t[1 2]\n",
    ),
    (
        "a log with what others write, and a read that gave up",
        "linearizable",
        "INFO  jepsen.core - Worker 0 starting\n2024-02-02 15:57:22,123 INFO jepsen worker 1 - jepsen.util 0 :invoke :write 1
         INFO  jepsen.util - :nemesis\t:info\t:start\tnil\nINFO  jepsen.util - 1\t:invoke\t:read\tnil
         INFO  jepsen.util - 1\t:fail\t:read\t:timed-out\nINFO  jepsen.util - 0\t:ok\t:write\t1",
    ),
    (
        "a write of unknown outcome may take effect late",
        "linearizable",
        "INFO jepsen.util - 0 :invoke :write 1\nINFO jepsen.util - 0 :info :write :timed-out
         INFO jepsen.util - 1 :invoke :read nil\nINFO jepsen.util - 1 :ok :read nil
         INFO jepsen.util - 1 :invoke :read nil\nINFO jepsen.util - 1 :ok :read 1",
    ),
    (
        "but not take effect, and then not",
        "not linearizable",
        "INFO jepsen.util - 0 :invoke :write 1\nINFO jepsen.util - 0 :info :write :timed-out
         INFO jepsen.util - 1 :invoke :read nil\nINFO jepsen.util - 1 :ok :read 1
         INFO jepsen.util - 1 :invoke :read nil\nINFO jepsen.util - 1 :ok :read nil",
    ),
    (
        "a write without a return is as open",
        "linearizable",
        "INFO jepsen.util - 0 :invoke :write 1\nINFO jepsen.util - 1 :invoke :read nil\nINFO jepsen.util - 1 :ok :read 1",
    ),
    (
        "texts; a missing key reads as the empty one",
        "linearizable",
        "{:process 0, :type :invoke, :f :get, :key \"0\", :value nil}\n{:process 0, :type :ok, :f :get, :key \"0\", :value \"\"}
         {:process 0, :type :invoke, :f :append, :key \"0\", :value \"x 0 0 y\"}
         {:process 0, :type :ok, :f :append, :key \"0\", :value \"x 0 0 y\"}
         {:process 1, :type :invoke, :f :append, :key \"0\", :value \"x 1 0 y\"}
         {:process 1, :type :ok, :f :append, :key \"0\", :value \"x 1 0 y\"}
         {:process 0, :type :invoke, :f :get, :key \"0\", :value nil}
         {:process 0, :type :ok, :f :get, :key \"0\", :value \"x 0 0 yx 1 0 y\"}",
    ),
    (
        "keys do not touch each other",
        "not linearizable",
        "{:process 0, :type :invoke, :f :put, :key \"a\", :value \"1\"}\n{:process 0, :type :ok, :f :put, :key \"a\", :value \"1\"}
         {:process 0, :type :invoke, :f :get, :key \"b\", :value nil}\n{:process 0, :type :ok, :f :get, :key \"b\", :value \"1\"}",
    ),
    (
        "the same in JSON, and a key that was deleted",
        "linearizable",
        r#"{"process":0,"type":"invoke","f":"put","key":"k","value":"v","time":12.5}
           {"process":0,"type":"ok","f":"put","key":"k","value":"v"}

           {"process":"nemesis","type":"info","f":"kill"}
           {"process":0,"type":"invoke","f":"delete","key":"k"}
           {"process":0,"type":"ok","f":"delete","key":"k"}
           {"process":0,"type":"invoke","f":"get","key":"k"}
           {"process":0,"type":"ok","f":"get","key":"k","value":null}"#,
    ),
    (
        "two values at once are no text",
        "not linearizable",
        "{\"process\":0,\"type\":\"invoke\",\"f\":\"get\",\"key\":\"k\"}\n{\"process\":0,\"type\":\"ok\",\"f\":\"get\",\"key\":\"k\",\"value\":[\"a\",\"b\"]}",
    ),
    (
        "a counter",
        "not linearizable",
        "{:process 0 :type :invoke :f :add :value 2} {:process 0 :type :ok :f :add :value 2}
         {:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value 1}",
    ),
    (
        "a whole store",
        "not linearizable",
        "{:process 0 :type :invoke :f :set :key :a :value 2} {:process 0 :type :ok :f :set :key :a :value 2}
         {:process 0 :type :invoke :f :list} {:process 0 :type :ok :f :list :value [:a]}
         {:process 0 :type :invoke :f :size} {:process 0 :type :ok :f :size :value 0}",
    ),
];

#[test]
fn histories_are_what_they_are() {
    for (what, expected, text) in HISTORIES {
        assert_eq!(judged(text), *expected, "{what}");
    }
    assert_eq!(judged("[]"), "linearizable", "nothing happened");
}

#[test]
fn a_register_may_begin_with_something() {
    let text = "{:process 0 :type :invoke :f :cas :value [0 2]} {:process 0 :type :ok :f :cas :value [0 2]}
                {:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value nil}";
    assert_eq!(judged(text), "not linearizable");
    assert_eq!(verdict(text, &from("0")), Ok("linearizable"), "and nil is not known then");
    assert_eq!(verdict(text, &from("1")), Ok("not linearizable"));
    let log = "INFO jepsen.util - 0 :invoke :read nil\nINFO jepsen.util - 0 :ok :read nil\n";
    assert_eq!(verdict(log, &from("0")), Ok("not linearizable"), "a log says that there was nothing");
}

#[test]
fn versions_and_what_is_known_of_a_put() {
    let versioned = Options { model: Some(ModelName::Versioned), ..Options::default() };
    let put = |kind: &str, version: u32, error: &str| {
        format!(
            "{{:process 0 :type :invoke :f :put :key 1 :value [:a {version}]}}
             {{:process 0 :type :{kind} :f :put :key 1 :value [:a {version}] {error}}}"
        )
    };
    let get = |seen: &str| {
        format!("{{:process 1 :type :invoke :f :get :key 1}} {{:process 1 :type :ok :f :get :key 1 :value {seen}}}")
    };
    for (text, expected) in [
        (put("ok", 0, "") + &get("[:a 1]"), "linearizable"),
        (put("ok", 1, "") + &get("[:a 1]"), "not linearizable"),
        (put("fail", 1, ":error :no-key") + &get("nil"), "linearizable"),
        (put("fail", 0, ":error :version") + &get("nil"), "not linearizable"),
        (put("info", 0, "") + &get("nil") + &get("[:a 1]"), "linearizable"),
        (put("info", 0, ":error :maybe-closed") + &get("nil") + &get("[:a 1]"), "not linearizable"),
        (put("info", 0, ":error [:maybe-closed nil]") + &get("[:a 1]"), "linearizable"),
    ] {
        assert_eq!(verdict(&text, &versioned), Ok(expected), "{text}");
    }
}

#[test]
fn the_proof_is_small_and_names_its_lines() {
    let mut text = String::new();
    for value in 0..200 {
        text += &format!(
            "{{:process 0 :type :invoke :f :write :value {value}}}\n{{:process 0 :type :ok :f :write :value {value}}}\n"
        );
    }
    text += "{:process 1 :type :invoke :f :read}\n{:process 1 :type :ok :f :read :value 198}\n";
    let history = read(text.as_bytes()).expect("a history");
    let (model, Verdict::Broken(proof)) = history.judge(&Options::default(), Budget::LIVE).expect("judged") else {
        panic!("it is stale");
    };
    assert_eq!(model, ModelName::CasRegister);
    let told: Vec<String> = proof
        .operations
        .iter()
        .map(|number| {
            let operation = &history.operations()[*number as usize];
            format!("{}-{} {}", operation.called, operation.returned.unwrap(), history.describe(operation))
        })
        .collect();
    assert_eq!(told, ["397-398 write 198", "399-400 write 199", "401-402 read → 198"]);
}

#[test]
fn what_is_no_history_is_told_by_the_line() {
    let open = "{:process 0 :type :invoke :f :write :value 1}\n";
    for (text, line, cause) in [
        (String::new(), 1, "no operation in it"),
        ("This is a letter.\nIt has two lines.\n".into(), 2, "no operation in it"),
        (format!("[{open}"), 2, "not closed by `]`"),
        (format!("[{open}{{:process 1 :ty"), 2, "in the middle of an operation"),
        (format!("[{open}] {open}"), 2, "nothing may follow"),
        (format!("{open}}}"), 2, "no EDN"),
        (format!("{open}{{:process 1 :type :invoke :f :write :value 1 :value 2}}"), 2, "no EDN (HashMapDuplicateKey)"),
        (format!("{open}\n\n{open}"), 4, "process 0 calls again, but has not returned from what it called in line 1"),
        ("{:process 3 :type :ok :f :read :value 1}".into(), 1, "process 3 returns, but has not called anything"),
        (format!("{open}{{:process 0 :type :ok :f :read}}"), 2, "returns from read, but called write in line 1"),
        (
            "{:process 0 :type :invoke :f :get :key 1}\n{:process 0 :type :ok :f :get :key 2}".into(),
            2,
            "another key than it called with in line 1",
        ),
        (format!("{open}3"), 2, "expected a map"),
        ("{:type :invoke :f :read}".into(), 1, "`:process` is missing"),
        ("{:process 0 :f :read}".into(), 1, "`:type` is missing"),
        ("{:process 0 :type :invoke}".into(), 1, "`:f` is missing"),
        ("{:process \"0\" :type :invoke :f :read}".into(), 1, "`:process` is a number, not `\"0\"`"),
        ("{:process 0 :type :invokes :f :read}".into(), 1, "there is no type `invokes`"),
        ("{:process 0 :type :invoke :f :reed}".into(), 1, "there is no operation `reed`; there are read, write, cas"),
        (format!("{open}{{:process 1 :type :invoke :f :cas :value 3}}"), 2, "the value of a cas is [from to], not 3"),
        (format!("{open}{{:process 1 :type :invoke :f :append :key 1 :value 3}}"), 2, "a cas-register has no append"),
        ("INFO jepsen.util - 0 :invoke :write\n".into(), 1, "the line ends before the value"),
        ("\nINFO jepsen.util - 0 :done :write 3\n".into(), 2, "there is no type `done`"),
        ("{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n{\"process\":0,".into(), 2, "no operation in JSON"),
        ("{\"process\":0.5,\"type\":\"invoke\",\"f\":\"read\"}".into(), 1, "no process is 0.5"),
    ] {
        let error = verdict(&text, &Options::default()).expect_err(&text);
        assert_eq!(error.line, line, "{error}\n{text}");
        assert!(error.cause.contains(cause), "{error}\n{text:?}");
    }
    let Err(error) = read(b"{:process 0 :type :invoke :f :read}\n\xff") else { panic!("this is no text") };
    assert_eq!((error.line, error.cause.as_str()), (2, "this is no text in UTF-8"));
    // Of two mistakes, the first.
    let Err(error) = read(b"{:process 0}\n\xff") else { panic!("this is no text") };
    assert_eq!((error.line, error.cause.as_str()), (1, "`:type` is missing"));
    let Err(error) = read(format!("{{:process 0 :value \"{}\"}}", "x".repeat(3 << 20)).as_bytes()) else {
        panic!("this is too long");
    };
    assert!(error.cause.contains("longer than"), "{error}");
    let wrong = Options { model: Some(ModelName::Kv), ..from("3") };
    assert!(verdict(open, &wrong).expect_err("texts begin empty").cause.contains("only a register"));
    // As deep as one likes.
    for (open, close) in [("[", "]"), ("{1 ", "}"), ("#{", "}"), ("#a ", "")] {
        for depth in [9, 10_000_usize] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let operation = format!("{{:process 0 :type :invoke :f :write :value {nested}}}");
            let error = verdict(&operation, &Options::default()).expect_err("too deep");
            assert!(error.cause.contains("nested deeper"), "{error}");
            assert!(verdict(&nested, &Options::default()).is_err(), "{open}");
        }
    }
    let json = |depth| format!("{{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":{}1", "[".repeat(depth));
    assert!(verdict(&json(10_000), &Options::default()).is_err());
}

/// What is exported is read back and judged as the run itself is.
#[test]
fn our_own_exports_are_histories_too() {
    use kvs_core::explore::{Hunt, Life};
    use kvs_core::sim::export;
    use kvs_core::zoo::catalog;
    let mut broken = 0;
    for pipeline in ["sequential", "split"] {
        let mut architecture = catalog::exhibit("local").expect("it is there").architecture();
        architecture.set("pipeline", pipeline).expect("an option");
        let hunt = Hunt::new(architecture);
        for seed in 0..40 {
            let mut nobody = ();
            let mut life = Life::new(&hunt, seed, &mut nobody);
            let _breach = life.faults();
            let history = life.watch().history();
            let mut text = String::new();
            export::jepsen(&mut text, history).expect("it is written");
            if text.is_empty() {
                continue;
            }
            // The same operations, given to the checker by hand.
            let expected = by_hand(history);
            assert_eq!(judged(&text) == "not linearizable", expected, "{pipeline} {seed}\n{text}");
            broken += u32::from(expected);
        }
    }
    assert!(broken > 0, "some are not linearizable");
}

/// Whether a history is not linearizable, by another way into the checker.
fn by_hand(history: &kvs_core::sim::History) -> bool {
    use kvs_core::check::linearizable::Linearizability;
    use kvs_core::check::model::{Register, RegisterOp, Seen};
    use kvs_core::sim::HistoryEvent;
    let mut check = Linearizability::new(Register::default());
    let mut known: Vec<String> = Vec::new();
    let mut id = |text: &str| {
        let at = known.iter().position(|known| known == text).unwrap_or_else(|| {
            known.push(text.to_owned());
            known.len() - 1
        });
        u32::try_from(at).unwrap()
    };
    let mut ops = vec![None; history.operations().len()];
    for event in history.events() {
        let (place, is_call) = match *event {
            HistoryEvent::Called(place) => (place, true),
            HistoryEvent::Returned(place) => (place, false),
        };
        let operation = &history.operations()[place];
        let key: &Key = operation.op().key().expect("one key");
        let part = id(key.as_str());
        let outcome = operation.ended.as_ref().map(|ended| &ended.outcome);
        let values = |values: &[Value], id: &mut dyn FnMut(&str) -> u32| match values {
            [] => Seen::Value(None),
            [value] => Seen::Value(Some(id(value.as_str()))),
            _ => Seen::Impossible,
        };
        let op = match (operation.op(), outcome) {
            (KVSOperation::Put(_, value), _) => RegisterOp::Write(Some(id(value.as_str()))),
            (KVSOperation::Delete(_), _) => RegisterOp::Write(None),
            (KVSOperation::Get(_), Some(Outcome::Ok(KVSResponse::GetResult { values: seen, .. }))) => {
                RegisterOp::Read(values(seen, &mut id))
            }
            (KVSOperation::Get(_), _) => RegisterOp::Read(Seen::Anything),
            _ => panic!("these stores are asked for single keys"),
        };
        if is_call {
            ops[place] = Some(check.call(part, op));
        } else if matches!(outcome, Some(Outcome::Ok(_))) {
            check.returned(ops[place].unwrap(), op);
        }
    }
    check.judge(Budget::PATIENT).is_broken()
}

#[test]
fn a_million_operations_are_streamed() {
    let mut reader = Reader::default();
    for value in 0..1_000_000 {
        let process = value % 7;
        let line = format!(
            "{{:process {process}, :type :invoke, :f :write, :value {value}}}\n{{:process {process}, :type :ok, :f :write, :value {value}}}\n"
        );
        reader.read(line.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    }
    reader.read(b"{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value 5}\n").unwrap();
    let history = reader.finish().expect("a history");
    let (_, verdict) = history.judge(&Options::default(), Budget::PATIENT).expect("judged");
    let Verdict::Broken(proof) = verdict else { panic!("the read is stale") };
    assert_eq!(proof.cannot_be_placed, 1_000_000);
    let few = Budget { steps: 1_000, ..Budget::PATIENT };
    let (_, verdict) = history.judge(&Options::default(), few).expect("judged");
    assert!(matches!(verdict, Verdict::Undecided(_)), "{verdict:?}");
}

fn pieces_agree(text: &[u8], length: usize) {
    let whole = read(text).map(|history| format!("{:?}", history.operations()));
    let mut reader = Reader::default();
    let in_pieces = text
        .chunks(length.max(1))
        .try_for_each(|piece| reader.read(piece))
        .and_then(|()| reader.finish())
        .map(|history| format!("{:?}", history.operations()));
    assert_eq!(whole, in_pieces, "pieces of {length}");
}

#[test]
fn pieces_of_any_size_are_the_same_text() {
    for (_, _, text) in HISTORIES {
        for length in [1, 2, 3, 7, 64, 1_000] {
            pieces_agree(format!("\u{feff}{text}").as_bytes(), length);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A history of which something was changed is judged or refused.
    #[test]
    fn damaged_histories_do_no_harm(
        which in 0..HISTORIES.len(), at in any::<proptest::sample::Index>(), length in 0..20_usize,
        instead in prop_oneof!["[\\[\\](){}:;\"#\\\\ ,0-9a-z\n]{0,6}", "\\PC{0,4}"],
    ) {
        let mut text = HISTORIES[which].2.as_bytes().to_vec();
        let at = at.index(text.len());
        let end = (at + length).min(text.len());
        text.splice(at..end, instead.bytes());
        if let Ok(history) = read(&text) {
            for model in ModelName::ALL {
                let options = Options { model: Some(model), ..Options::default() };
                let _refused = history.judge(&options, Budget::LIVE);
            }
        }
        pieces_agree(&text, 5);
    }

    #[test]
    fn anything_may_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _refused = read(&bytes);
    }
}
