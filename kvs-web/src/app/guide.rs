//! What leads a reader through a run: the lesson that she reads, or the level that she plays.

use kvs_core::time::Time;
use kvs_core::zoo::Animal;
use yew::prelude::*;

use super::{App, Msg};
use crate::challenge::Challenge;
use crate::command::Command;
use crate::lessons::LessonText;
use crate::panels::{caption, level};
use crate::player::{Changes, Player};
use crate::progress::{LessonMark, recall, remember};
use crate::reading::Lesson;

/// What leads her.
pub(super) enum Guide {
    /// Nothing does.
    Nobody,
    /// A lesson.
    Lesson(Box<Lesson>),
    /// A level.
    Level(Box<Challenge>),
}

impl Guide {
    /// What a chapter asks for. It has no shelves to go back to, and nothing is remembered there.
    pub(super) fn in_chapter(lesson: Option<Lesson>) -> Self {
        lesson.map_or(Self::Nobody, |lesson| Self::Lesson(Box::new(lesson.without_file())))
    }

    /// What an address asks for.
    pub(super) fn new(lesson: Option<Lesson>, level: Option<&'static LessonText>) -> Self {
        match (lesson, level.and_then(Challenge::new)) {
            (Some(lesson), _) => Self::Lesson(Box::new(lesson)),
            (None, Some(challenge)) => Self::Level(Box::new(challenge)),
            (None, None) => Self::Nobody,
        }
    }

    /// The store that it is about.
    fn animal(&self) -> Option<Animal> {
        match self {
            Self::Nobody => None,
            Self::Lesson(lesson) => Some(lesson.recording().architecture.animal),
            Self::Level(challenge) => challenge.text.store,
        }
    }

    /// Where she is, as an address says it; None where only the run can say it.
    pub(super) fn address(&self) -> Option<String> {
        match self {
            Self::Lesson(lesson) if !lesson.is_away() => lesson.file.map(|file| format!("lesson/{file}")),
            Self::Level(challenge) => Some(format!("level/{}", challenge.text.file)),
            _ => None,
        }
    }
}

/// Remembers how far a lesson of the zoo was read.
fn note(lesson: &Lesson) {
    if let Some(file) = lesson.file {
        remember(file, recall::<LessonMark>(file).unwrap_or_default().or_further(lesson.mark()));
    }
}

impl App {
    /// The words of the lesson, below the picture.
    pub(super) fn words(&self, ctx: &Context<Self>) -> Html {
        match &self.guide {
            Guide::Lesson(lesson) => {
                let lesson = Lesson::clone(lesson);
                html! { <caption::Caption {lesson} on_step={ctx.link().callback(Msg::Read)} /> }
            }
            Guide::Nobody | Guide::Level(_) => Html::default(),
        }
    }

    /// Whether something leads her; then what a store is in general would only be in the way.
    pub(super) fn is_led(&self) -> bool {
        !matches!(self.guide, Guide::Nobody)
    }

    /// Whether she looks for a run that breaks a promise herself.
    pub(super) fn is_in_level(&self) -> bool {
        matches!(self.guide, Guide::Level(_))
    }

    /// What is to be broken, above the picture.
    pub(super) fn goal(&self, ctx: &Context<Self>) -> Html {
        match &self.guide {
            Guide::Level(challenge) => {
                let scene = self.store.read(|player| challenge.scene(player));
                level::banner(challenge, scene, &ctx.link().callback(Msg::Level))
            }
            Guide::Nobody | Guide::Lesson(_) => Html::default(),
        }
    }

    /// The player has changed: a lesson whose run is another one now waits; in another store, it is over.
    pub(super) fn guide_follows(&mut self, changes: Changes) {
        let store = self.store.clone();
        let animal = store.read(|player| player.architecture().animal);
        if changes.run && self.guide.animal().is_some_and(|own| own != animal) {
            self.guide = Guide::Nobody;
        }
        match &mut self.guide {
            Guide::Lesson(lesson) if changes.recording => {
                store.read(|player| lesson.compare(player.recording()));
            }
            Guide::Level(challenge) => {
                if store.read(|player| challenge.follow(player)) {
                    self.has_won();
                }
            }
            Guide::Nobody | Guide::Lesson(_) => {}
        }
    }

    /// Time has passed by itself.
    pub(super) fn guide_watches(&mut self, ctx: &Context<Self>) {
        let store = self.store.clone();
        match &mut self.guide {
            Guide::Lesson(lesson) => {
                let before = lesson.place;
                let is_asked = lesson.watch(store.read(Player::now));
                if lesson.place != before {
                    note(lesson);
                }
                if is_asked {
                    let moment = lesson.moment();
                    self.command(ctx, Command::Pause);
                    self.command(ctx, Command::Seek(moment));
                }
            }
            Guide::Level(challenge) => {
                if store.read(|player| challenge.follow(player)) {
                    self.has_won();
                    self.command(ctx, Command::Pause);
                }
            }
            Guide::Nobody => {}
        }
    }

    /// Remembers how a level was broken.
    fn has_won(&self) {
        let Guide::Level(challenge) = &self.guide else { return };
        if let Some(mark) = challenge.mark() {
            let file = challenge.text.file;
            remember(file, recall(file).map_or(mark, |before| mark.or_better(before)));
        }
    }

    pub(super) fn read(&mut self, ctx: &Context<Self>, step: caption::Step) -> bool {
        let Guide::Lesson(lesson) = &mut self.guide else { return false };
        let command = match step {
            caption::Step::Leave => {
                self.guide = Guide::Nobody;
                self.follow_with_address(ctx);
                return true;
            }
            caption::Step::OnMyOwn => {
                lesson.leave();
                self.follow_with_address(ctx);
                return true;
            }
            caption::Step::Answer(choice) => {
                lesson.answer(choice);
                None
            }
            caption::Step::Turn(place) if !lesson.is_away() => {
                lesson.turn(place);
                Some(Command::Seek(lesson.moment()))
            }
            caption::Step::Turn(place) => {
                lesson.turn(place);
                lesson.come_back();
                Some(Command::Load(Box::new(lesson.recording().clone()), lesson.moment()))
            }
            caption::Step::Back => {
                lesson.come_back();
                Some(Command::Load(Box::new(lesson.recording().clone()), lesson.moment()))
            }
        };
        note(lesson);
        command.is_none_or(|command| self.command(ctx, command))
    }

    pub(super) fn play_level(&mut self, ctx: &Context<Self>, step: level::Step) -> bool {
        let Guide::Level(challenge) = &mut self.guide else { return false };
        let load = match step {
            level::Step::Leave => {
                self.guide = Guide::Nobody;
                self.follow_with_address(ctx);
                return true;
            }
            level::Step::Guess(rule) => {
                challenge.guess(rule);
                self.has_won();
                return true;
            }
            level::Step::Again => Some((challenge.beginning(), Time::ZERO)),
            level::Step::Whole => challenge.with_rule(),
            level::Step::Broken => challenge.won().map(|won| (won.recording.clone(), won.at)),
        };
        load.is_some_and(|(recording, at)| self.command(ctx, Command::Load(Box::new(recording), at)))
    }
}
