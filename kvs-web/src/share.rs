//! A run as a link: the address fragment carries exhibit, options, seed, moment and inputs.
//!
//! `replicated?v=1&seed=42&replicas=5&at=1.25s&run=…&sum=…`. All but the inputs can be read by a person. `run` is the inputs,
//! each as (time since the one before, events at that instant, input), in postcard, deflated where that is shorter, in base64url;
//! `sum` is a checksum of everything before it, so that a link that lost a character says so instead of showing another run.

use std::fmt::Write;

use data_encoding::BASE64URL_NOPAD;
use kvs_core::sim::{Input, Recording, Sim};
use kvs_core::time::{Span, Time};
use kvs_core::world::Moment;
use kvs_core::zoo::{OptionError, catalog, parse_span};
use xxhash_rust::xxh64::xxh64;

const VERSION: &str = "1";
/// The longest link that is looked at.
const LENGTH_MAX: usize = 200_000;
/// The most bytes that inputs may unfold to.
const UNPACKED_MAX: usize = 4_000_000;
/// The most inputs that are lived again.
const INPUTS_MAX: usize = 50_000;
/// The latest instant a link may point to.
pub(crate) const AT_MAX: Time = Time::from_us(24 * 3_600 * 1_000_000);

const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

/// Why a link shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// It is longer than any that this page makes.
    #[error("This link is too long to be one of ours, so here is a fresh run instead.")]
    TooLong,
    /// It is not complete, or a character is wrong.
    #[error("This link is damaged (a part of it is missing or changed), so here is a fresh run instead.")]
    Damaged,
    /// It was made for another version.
    #[error("This link was made by another version of the playground ({0}), so here is a fresh run instead.")]
    Version(String),
    /// There is no such store.
    #[error("This link names a store that is not in the zoo ({0}), so here is a fresh run instead.")]
    UnknownExhibit(String),
    /// An option makes no sense.
    #[error("This link has an option that makes no sense here: {0}. So here is a fresh run instead.")]
    Option(#[from] OptionError),
    /// A part of it is not what it should be.
    #[error("The part `{0}` of this link makes no sense, so here is a fresh run instead.")]
    BadPart(&'static str),
    /// Something is done to what is not there.
    #[error("Step {0} of the run in this link does something to what is not there, so here is a fresh run instead.")]
    BadInput(usize),
}

/// The address fragment of a run at one of its instants, without `#`.
pub fn encode(recording: &Recording, at: Time) -> String {
    let architecture = &recording.architecture;
    let mut text = format!("{}?v={VERSION}&seed={}", catalog::exhibit_of(architecture.animal).name, recording.seed);
    let mut add = |name: &str, value: &str| {
        // Writing to a string does not fail.
        let _infallible = write!(text, "&{name}={}", value.replace('%', "%25"));
    };
    for (option, value) in architecture.changes() {
        add(option.name, &value.to_string());
    }
    if at > Time::ZERO {
        add("at", &at.to_string());
    }
    if !recording.inputs().is_empty() {
        add("run", &BASE64URL_NOPAD.encode(&pack(recording.inputs())));
    }
    let sum = checksum(&text);
    text + "&sum=" + &sum
}

/// What an author pastes into a chapter to have a run there: an element and its script, and an `<iframe>` for books without scripts.
/// `page` is the address of the playground, `fragment` the run.
pub fn lines_to_paste(page: &str, fragment: &str) -> [String; 2] {
    let folder = page.rfind('/').map_or("", |end| &page[..=end]);
    let run = fragment.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let script = format!("<script type=\"module\" src=\"{folder}kvs-zoo.js\"></script>");
    // The tags stand on lines of their own, so that Markdown does not take them for a part of a paragraph.
    let fallback = format!("<a href=\"{page}#{run}\">This run in the KVS Zoo Playground</a>");
    let frame = format!("<iframe src=\"{folder}embed.html#{run}\" title=\"KVS Zoo Playground\"");
    [
        format!("{script}\n<kvs-zoo run=\"{run}\">\n{fallback}\n</kvs-zoo>"),
        format!("{frame} loading=\"lazy\" width=\"100%\" height=\"640\"></iframe>"),
    ]
}

/// Reads an address fragment back. Nothing in it is trusted.
pub fn decode(fragment: &str) -> Result<(Recording, Time), ShareError> {
    if fragment.len() > LENGTH_MAX {
        return Err(ShareError::TooLong);
    }
    let (name, rest) = fragment.split_once('?').unwrap_or((fragment, ""));
    let exhibit = catalog::exhibit(name).ok_or_else(|| ShareError::UnknownExhibit(name.chars().take(30).collect()))?;
    let mut recording = Recording::new(exhibit.architecture(), 1);
    let (mut at, mut run, mut is_checked) = (Time::ZERO, None, false);
    for part in rest.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(ShareError::Damaged)?;
        let value = value.replace("%25", "%");
        match name {
            "v" if value != VERSION => return Err(ShareError::Version(value.chars().take(20).collect())),
            "v" => {}
            "seed" => recording.seed = value.parse().map_err(|_| ShareError::BadPart("seed"))?,
            "at" => at = parse_span(&value).map(|span| Time::ZERO + span).ok_or(ShareError::BadPart("at"))?,
            "run" => run = Some(BASE64URL_NOPAD.decode(value.as_bytes()).map_err(|_| ShareError::Damaged)?),
            "sum" => {
                let before = fragment.rfind("&sum=").map_or("", |end| &fragment[..end]);
                if checksum(before) != value {
                    return Err(ShareError::Damaged);
                }
                is_checked = true;
            }
            option => recording.architecture.set(option, &value)?,
        }
    }
    // Short links may be written by hand; a packed run without its checksum has lost its end.
    if run.is_some() && !is_checked {
        return Err(ShareError::Damaged);
    }
    if at > AT_MAX {
        return Err(ShareError::BadPart("at"));
    }
    recording.architecture.validate()?;
    let mut sim = Sim::new(&recording.architecture, recording.seed, &mut ());
    let inputs = run.map_or(Ok(Vec::new()), |packed| unpack(&packed))?;
    for (place, (moment, input)) in inputs.into_iter().enumerate() {
        sim.foresee(&input).map_err(|_| ShareError::BadInput(place + 1))?;
        if moment.time > AT_MAX {
            return Err(ShareError::BadInput(place + 1));
        }
        recording.record(moment, input);
    }
    Ok((recording, at))
}

fn checksum(text: &str) -> String {
    BASE64URL_NOPAD.encode(&xxh64(text.as_bytes(), 0).to_le_bytes()[..3])
}

/// Since the input before: microseconds, and how many events at its instant.
type Packed = Vec<(Span, u32, Input)>;

fn pack(inputs: &[(Moment, Input)]) -> Vec<u8> {
    let mut last = Time::ZERO;
    let packed: Vec<(Span, u32, &Input)> = inputs
        .iter()
        .map(|(moment, input)| {
            let since = moment.time.since(last);
            last = moment.time;
            (since, moment.events, input)
        })
        .collect();
    // Encoding plain data into memory does not fail.
    let plain = postcard::to_allocvec(&packed).unwrap_or_default();
    let deflated = miniz_oxide::deflate::compress_to_vec(&plain, 10);
    let (tag, bytes) = if deflated.len() < plain.len() { (DEFLATED, deflated) } else { (PLAIN, plain) };
    let mut out = vec![tag];
    out.extend(bytes);
    out
}

fn unpack(bytes: &[u8]) -> Result<Vec<(Moment, Input)>, ShareError> {
    let (tag, bytes) = bytes.split_first().ok_or(ShareError::Damaged)?;
    let unpacked;
    let plain = match *tag {
        PLAIN => bytes,
        DEFLATED => {
            let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, UNPACKED_MAX);
            unpacked = inflated.map_err(|_| ShareError::Damaged)?;
            &unpacked
        }
        _ => return Err(ShareError::Damaged),
    };
    let packed: Packed = postcard::from_bytes(plain).map_err(|_| ShareError::Damaged)?;
    if packed.len() > INPUTS_MAX {
        return Err(ShareError::TooLong);
    }
    let mut time = Time::ZERO;
    let mut moments = packed.into_iter().map(|(since, events, input)| {
        time += since;
        (Moment { time, events }, input)
    });
    let mut last = Moment::default();
    let in_order = moments.by_ref().map(|(moment, input)| {
        let is_later = moment >= last;
        last = moment;
        is_later.then_some((moment, input)).ok_or(ShareError::Damaged)
    });
    in_order.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::op::{KVSOperation, Key, Value};
    use kvs_core::process::NodeId;
    use kvs_core::server::{Call, Traffic};
    use kvs_core::sim::{Fate, Links, Pattern};
    use kvs_core::world::Sequence;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn input() -> impl Strategy<Value = Input> {
        let node = (0..5_u32).prop_map(NodeId);
        let call = (".{0,9}", ".{0,9}", proptest::option::of(0..3_u32)).prop_map(|(key, value, to)| {
            let op = KVSOperation::Put(Key::new(&key).expect("short"), Value::new(&value).expect("short"));
            Input::Call { client: NodeId(3), call: Arc::new(Call { op, to: to.map(NodeId) }) }
        });
        prop_oneof![
            call,
            Just(Input::HealAll),
            (0..3_u32).prop_map(|node| Input::Crash(NodeId(node))),
            (node.clone(), node).prop_map(|(a, b)| Input::Cut(Links::pair(a, b))),
            (0..9_u64).prop_map(|id| Input::Message { id: Sequence(id), fate: Fate::Hold }),
            Just(Input::Hold(Pattern { kind: Some(3), from: None, to: Some(NodeId(1)) })),
            Just(Input::Traffic(Some(Traffic { every: Span::from_ms(100), keys: 5, reads_percent: 50 }))),
        ]
    }

    fn recording() -> impl Strategy<Value = Recording> {
        let inputs = proptest::collection::vec((0..500_000_u64, 0..3_u32, input()), 0..20);
        (any::<u64>(), any::<bool>(), inputs).prop_map(|(seed, lossy, inputs)| {
            let mut architecture = catalog::EXHIBITS[1].architecture();
            if lossy {
                architecture.set("loss", "2.5%").expect("an option");
            }
            let mut recording = Recording::new(architecture, seed);
            let mut time = Time::ZERO;
            for (since_us, events, input) in inputs {
                time += Span::from_us(since_us + 1);
                recording.record(Moment { time, events }, input);
            }
            recording
        })
    }

    proptest! {
        #[test]
        fn a_link_brings_the_run_back(recording in recording(), at in 0..9_000_000_u64) {
            let at = Time::from_us(at);
            prop_assert_eq!(decode(&encode(&recording, at)), Ok((recording, at)));
        }

        #[test]
        fn a_changed_link_is_refused_in_a_sentence(recording in recording(), place in any::<prop::sample::Index>(), new in "[ -~é]") {
            let link = encode(&recording, Time::from_us(5));
            let mut characters: Vec<char> = link.chars().collect();
            let place = place.index(characters.len());
            characters[place] = new.chars().next().expect("one");
            let changed: String = characters.into_iter().collect();
            let decoded = decode(&changed);
            prop_assert!(changed.eq_ignore_ascii_case(&link) || decoded.is_err(), "{changed}");
        }

        #[test]
        fn a_link_cut_short_is_no_other_run(recording in recording(), place in any::<prop::sample::Index>()) {
            let link = encode(&recording, Time::from_us(5));
            let short = &link[..place.index(link.len())];
            // What is left may be a link that somebody could have written by hand, but never one with another run in it.
            if let Ok((decoded, _)) = decode(short) {
                prop_assert!(decoded.inputs().is_empty());
            }
        }

        #[test]
        fn anything_may_stand_in_the_address(text in "\\PC{0,80}", tail in "[a-z0-9=&?%-]{0,60}") {
            let _decoded = decode(&text);
            let _decoded = decode(&format!("replicated?{tail}"));
        }
    }

    #[test]
    fn what_is_pasted_names_the_files_beside_the_page_and_the_run() {
        let fragment = "replicated?v=1&seed=2";
        for page in ["https://zoo.example/book/kvs/", "https://zoo.example/book/kvs/index.html"] {
            let [element, frame] = lines_to_paste(page, fragment);
            assert!(element.contains("src=\"https://zoo.example/book/kvs/kvs-zoo.js\""), "{element}");
            assert!(element.contains("<kvs-zoo run=\"replicated?v=1&amp;seed=2\">\n"), "{element}");
            assert!(element.contains(&format!("<a href=\"{page}#replicated?v=1&amp;seed=2\">")), "{element}");
            assert!(
                frame.starts_with("<iframe src=\"https://zoo.example/book/kvs/embed.html#replicated?v=1&amp;seed=2\""),
                "{frame}"
            );
        }
    }

    #[test]
    fn a_short_link_may_be_written_by_hand() {
        let (recording, at) = decode("replicated?replicas=5&loss=10%&at=1.5s").expect("it makes sense");
        assert_eq!((recording.architecture.servers, at), (5, Time::from_us(1_500_000)));
        assert_eq!(decode("local").map(|(recording, _)| recording.architecture.servers), Ok(1));
    }

    #[test]
    fn says_in_one_sentence_what_is_wrong() {
        let cases = [
            ("", "names a store that is not in the zoo"),
            ("elephant?seed=1", "elephant"),
            ("replicated?v=9", "another version of the playground (9)"),
            ("replicated?replicas=9000", "must be a number from 1 to 1000"),
            ("replicated?fanout=9", "a fan-out of 9 needs"),
            ("replicated?seed=many", "`seed`"),
            ("replicated?run=AAAA", "damaged"),
        ];
        for (link, words) in cases {
            let sentence = decode(link).map_err(|error| error.to_string()).expect_err(link);
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn whatever_is_not_there_is_refused_at_the_door() {
        let mut recording = Recording::new(catalog::EXHIBITS[1].architecture(), 1);
        recording.record(Moment::default(), Input::Crash(NodeId(77)));
        assert_eq!(decode(&encode(&recording, Time::ZERO)), Err(ShareError::BadInput(1)));
    }
}
