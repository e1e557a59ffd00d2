//! The playground for scripts: a run that JavaScript makes, changes, reads and listens to, with or without a picture of it.
//!
//! Times are milliseconds of the run. What is wrong is thrown as an `Error` with one sentence, and the run stays as it was.

mod view;

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Function, Object, Reflect};
use kvs_core::time::{Span, Time};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::{AppHandle, Callback};

use crate::app::{App, Msg};
use crate::command::{Command, Speed};
use crate::element::{self, Embedded};
use crate::embed::{ATTRIBUTES, Start};
use crate::panels::sentence;
use crate::player::{Changes, Player, script};
use crate::reading::Lesson;
use crate::share;
use crate::stage::to_svg_string;
use crate::store::Store;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("js/types.d.ts");

/// The latest instant a script may ask for.
const SEEK_MAX_MS: f64 = 24.0 * 3_600_000.0;
/// How large a picture may be, in pixels.
const PICTURE: std::ops::RangeInclusive<f64> = 100.0..=10_000.0;

/// A run of a store.
#[wasm_bindgen]
pub struct Run {
    inner: Rc<Inner>,
}

struct Inner {
    store: RefCell<Store>,
    lesson: RefCell<Option<Lesson>>,
    app: RefCell<Option<AppHandle<App>>>,
    listeners: RefCell<Vec<(u32, Function)>>,
    next_listener: Cell<u32>,
    /// How many entries of the trace listeners have been told of.
    told: Cell<usize>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "JavaScript hands objects and texts over; there is nothing to borrow from"
)]
#[wasm_bindgen]
impl Run {
    /// A run as the attributes of a `<kvs-zoo>` say.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "Start")] start: Option<Object>) -> Result<Self, JsError> {
        let start = parse(start.as_ref())?;
        let inner = Inner {
            store: RefCell::new(Store::new(Player::new(start.recording.clone()))),
            lesson: RefCell::new(None),
            app: RefCell::new(None),
            listeners: RefCell::default(),
            next_listener: Cell::new(1),
            told: Cell::new(0),
        };
        let run = Self { inner: Rc::new(inner) };
        run.begin(start)?;
        Ok(run)
    }

    /// Another run in the place of this one.
    pub fn load(&self, #[wasm_bindgen(unchecked_param_type = "Start")] start: Option<Object>) -> Result<(), JsError> {
        self.begin(parse(start.as_ref())?)
    }

    // ---- changing

    /// Does what statements of a schedule say, at the present moment: `put k=x -> R1; run 200ms`.
    pub fn input(&self, statements: &str) -> Result<(), JsError> {
        let command = self.inner.read(|player| script::command(player, statements)).map_err(|error| wrong(&error))?;
        self.apply(command)
    }

    /// Goes to a moment, in milliseconds.
    pub fn seek(&self, ms: f64) -> Result<(), JsError> {
        if !(0.0..=SEEK_MAX_MS).contains(&ms) {
            return Err(wrong("a moment is a number of milliseconds, from 0 to a day"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "no less than 0, no more than a day"
        )]
        let time = Time::from_us((ms * 1_000.0).round() as u64);
        self.apply(Command::Seek(time))
    }

    /// One event forward.
    pub fn step(&self) -> Result<(), JsError> {
        self.apply(Command::StepForward)
    }

    /// One event back.
    #[wasm_bindgen(js_name = stepBack)]
    pub fn step_back(&self) -> Result<(), JsError> {
        self.apply(Command::StepBack)
    }

    /// Lets time pass by itself, where there is a picture.
    pub fn play(&self) -> Result<(), JsError> {
        self.apply(Command::Play)
    }

    /// Lets it stand.
    pub fn pause(&self) -> Result<(), JsError> {
        self.apply(Command::Pause)
    }

    /// As if the last thing done had not been done.
    pub fn undo(&self) -> Result<(), JsError> {
        self.apply(Command::Undo)
    }

    /// As if it had after all.
    pub fn redo(&self) -> Result<(), JsError> {
        self.apply(Command::Redo)
    }

    /// The same store and seed from the beginning, nothing done yet.
    pub fn restart(&self) -> Result<(), JsError> {
        self.apply(Command::Restart)
    }

    /// Lights up the node (`R1`), the link (`R1-R2`) or the messages (`Rumor R1->R2`) of a name; nothing without one.
    pub fn light(&self, name: Option<String>) -> Result<(), JsError> {
        let lit = self.inner.read(|player| script::lit(player, name.as_deref().unwrap_or_default()));
        self.inner.send(Msg::Light(lit.map_err(|error| wrong(&error))?));
        Ok(())
    }

    // ---- reading

    /// The present, in milliseconds.
    #[wasm_bindgen(getter)]
    pub fn now(&self) -> f64 {
        self.inner.read(|player| ms(player.now()))
    }

    /// The furthest moment lived, in milliseconds.
    #[wasm_bindgen(getter)]
    pub fn horizon(&self) -> f64 {
        self.inner.read(|player| ms(player.horizon()))
    }

    /// Whether time passes by itself.
    #[wasm_bindgen(getter, js_name = isPlaying)]
    pub fn is_playing(&self) -> bool {
        self.inner.read(Player::is_playing)
    }

    /// The run at its present moment, as `run` of a `<kvs-zoo>` and the fragment of a link take it.
    #[wasm_bindgen(getter)]
    pub fn link(&self) -> String {
        self.inner.read(|player| share::encode(player.recording(), player.now()))
    }

    /// The run as a schedule.
    #[wasm_bindgen(getter)]
    pub fn schedule(&self) -> String {
        self.inner.read(|player| kvs_core::sim::schedule::Schedule::from_recording(player.recording()).to_string())
    }

    /// Nodes and messages at the present moment.
    #[wasm_bindgen(unchecked_return_type = "State")]
    pub fn state(&self) -> Result<JsValue, JsError> {
        js(&self.inner.read(view::state))
    }

    /// What the store promises and what it does not, and whether the run keeps it up to the present moment.
    #[wasm_bindgen(unchecked_return_type = "Judgement[]")]
    pub fn verdicts(&self) -> Result<JsValue, JsError> {
        js(&self.inner.read(view::verdicts))
    }

    /// What happened up to the present moment, in words.
    #[wasm_bindgen(unchecked_return_type = "Entry[]")]
    pub fn trace(&self) -> Result<JsValue, JsError> {
        js(&self.inner.read(|player| view::entries(player, 0)))
    }

    /// What clients asked and were told up to the present moment.
    #[wasm_bindgen(unchecked_return_type = "Operation[]")]
    pub fn history(&self) -> Result<JsValue, JsError> {
        js(&self.inner.read(view::operations))
    }

    /// The picture of the present moment, as SVG.
    pub fn svg(&self, width: f64, height: f64) -> Result<String, JsError> {
        if !(PICTURE.contains(&width) && PICTURE.contains(&height)) {
            return Err(wrong("a picture is from 100 to 10000 pixels wide and high"));
        }
        Ok(self.inner.read(|player| to_svg_string(player, width, height)))
    }

    // ---- listening

    /// Calls a function after every change. Returns a number by which to end that.
    pub fn subscribe(
        &self,
        #[wasm_bindgen(unchecked_param_type = "(change: Change) => void")] listener: Function,
    ) -> u32 {
        let number = self.inner.next_listener.get();
        self.inner.next_listener.set(number.wrapping_add(1));
        self.inner.listeners.borrow_mut().push((number, listener));
        number
    }

    /// Calls it no longer.
    pub fn unsubscribe(&self, number: u32) {
        self.inner.listeners.borrow_mut().retain(|(each, _)| *each != number);
    }

    // ---- the picture

    /// Shows the run in an element, with controls. `page` is the address of the playground's own page.
    pub fn mount(&self, root: Element, page: String) {
        self.unmount();
        // Whoever shows it is held by it: the other way round, neither would ever go.
        let inner = Rc::downgrade(&self.inner);
        let on_change = Callback::from(move |changes| {
            if let Some(inner) = Weak::upgrade(&inner) {
                inner.tell(changes);
            }
        });
        let (store, lesson) = (self.inner.store.borrow().clone(), self.inner.lesson.borrow().clone());
        let app = element::mount(Embedded { store, lesson, page: page.into(), root, on_change });
        self.inner.app.replace(Some(app));
    }

    /// Shows it no longer.
    pub fn unmount(&self) {
        if let Some(app) = self.inner.app.take() {
            app.destroy();
        }
    }

    /// The picture is in sight, or out of it: then time does not pass by itself.
    #[wasm_bindgen(js_name = inSight)]
    pub fn in_sight(&self, is_in_sight: bool) {
        self.inner.send(Msg::InSight(is_in_sight));
    }

    /// The element has another size.
    pub fn resized(&self) {
        self.inner.send(Msg::Resized);
    }

    fn begin(&self, start: Start) -> Result<(), JsError> {
        let Start { recording, at, lesson, speed, autoplay, .. } = start;
        self.inner.lesson.replace(lesson.clone());
        self.apply(Command::Load(Box::new(recording), at))?;
        self.set_speed(speed)?;
        if let Some(lesson) = lesson {
            // A lesson goes to its first words; this one may begin elsewhere.
            self.inner.send(Msg::Lesson(lesson));
            self.inner.send(Msg::Command(Command::Seek(at)));
        }
        if autoplay { self.play() } else { Ok(()) }
    }

    fn set_speed(&self, speed: Speed) -> Result<(), JsError> {
        self.apply(Command::SetSpeed(speed))
    }

    fn apply(&self, command: Command) -> Result<(), JsError> {
        let changes = self.inner.store.borrow().write(|player| player.apply(command));
        let changes = changes.map_err(|error| wrong(&error.to_string()))?;
        // A picture tells of the change itself.
        if !self.inner.send(Msg::Changed(changes)) {
            self.inner.tell(changes);
        }
        Ok(())
    }
}

impl Inner {
    fn read<T>(&self, look: impl FnOnce(&Player) -> T) -> T {
        self.store.borrow().read(look)
    }

    /// Tells the picture, if there is one.
    fn send(&self, msg: Msg) -> bool {
        let app = self.app.borrow();
        if let Some(app) = &*app {
            app.send_message(msg);
        }
        app.is_some()
    }

    fn tell(&self, changes: Changes) {
        let told = if changes.run { usize::MAX } else { self.told.get() };
        let length = self.read(|player| player.trace().len());
        self.told.set(length);
        let listeners = self.listeners.borrow().clone();
        if listeners.is_empty() || !changes.any() {
            return;
        }
        let change = self.read(|player| view::change(player, changes, told));
        match js(&change) {
            Ok(change) => listeners.iter().for_each(|(_, listener)| {
                if let Err(thrown) = listener.call1(&JsValue::NULL, &change) {
                    web_sys::console::error_2(&JsValue::from_str("A listener of a run failed."), &thrown);
                }
            }),
            Err(error) => web_sys::console::error_1(&error.into()),
        }
    }
}

/// The known names of an object, as if they were attributes; what is not text is read as its text.
fn parse(start: Option<&Object>) -> Result<Start, JsError> {
    let mut pairs = Vec::new();
    for entry in start.map(Object::entries).unwrap_or_default().iter() {
        let part = |place: u32| Reflect::get_u32(&entry, place).unwrap_or_default();
        let (name, value) = (part(0).as_string().unwrap_or_default(), part(1));
        let words = value.as_string().or_else(|| value.as_f64().map(|number| number.to_string()));
        let words = words.or_else(|| value.as_bool().map(|is_so| is_so.to_string()));
        match words {
            Some(words) => pairs.push((name, words)),
            None if value.is_undefined() || value.is_null() => {}
            None => return Err(wrong(&format!("`{name}` must be a text, a number or true or false"))),
        }
    }
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Start::parse(pairs).map_err(|error| wrong(&error.to_string()))
}

/// The names that a `<kvs-zoo>` may have as attributes.
#[wasm_bindgen(js_name = attributes)]
pub fn attributes() -> Vec<String> {
    ATTRIBUTES.map(String::from).to_vec()
}

fn wrong(words: &str) -> JsError {
    JsError::new(&sentence(words))
}

/// As a plain value of JavaScript: maps are objects, what is not there is null, and what does not fit a number is a `BigInt`.
fn js(value: &impl Serialize) -> Result<JsValue, JsError> {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    value.serialize(&serializer).map_err(|error| wrong(&error.to_string()))
}

fn ms(time: Time) -> f64 {
    time.since(Time::ZERO).as_us() as f64 / Span::from_ms(1).as_us() as f64
}
