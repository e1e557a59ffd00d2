use kvs_core::sim::schedule::Words;
use kvs_core::time::Time;
use yew::prelude::*;

/// What a lesson says, moment by moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    /// The words, in order, and when.
    pub words: Vec<(Time, Words)>,
    /// When it ends.
    pub end: Time,
    /// The place of the words that are shown; after the last, the end.
    pub place: usize,
}

impl Lesson {
    /// A lesson at its beginning.
    pub fn new(words: Vec<(Time, Words)>, end: Time) -> Self {
        Self { words, end, place: 0 }
    }

    /// The moment of what is shown.
    pub fn moment(&self) -> Time {
        self.words.get(self.place).map_or(self.end, |(at, _)| *at)
    }

    /// Goes on by itself when time has come so far.
    pub fn follow(&mut self, now: Time) {
        while let (Some((here, _)), Some((next, _))) = (self.words.get(self.place), self.words.get(self.place + 1)) {
            if next <= here || *next > now {
                break;
            }
            self.place += 1;
        }
    }
}

#[derive(Properties, PartialEq)]
pub struct CaptionProps {
    pub lesson: Lesson,
    /// Show the words at this place.
    pub on_turn: Callback<usize>,
    pub on_close: Callback<()>,
}

/// The words of a lesson at its present place: a caption, or a question with its answers.
#[component]
pub fn Caption(props: &CaptionProps) -> Html {
    let Lesson { words, place, .. } = &props.lesson;
    let (place, count) = (*place, words.len());
    let answered = use_state(|| (usize::MAX, 0_usize));
    let turn = |to: usize| props.on_turn.reform(move |_: MouseEvent| to);
    let body = match words.get(place) {
        Some((_, Words::Caption(text))) => html! { <p>{ text }</p> },
        Some((_, Words::Question { question, answers })) => {
            let chosen = (answered.0 == place).then_some(answered.1);
            html! {
                <>
                    <p><b>{ question }</b></p>
                    <div class="verbs answers">
                        { for in_order(answers).into_iter().map(|number| {
                            let answered = answered.clone();
                            let onclick = move |_: MouseEvent| answered.set((place, number));
                            let class = match chosen {
                                Some(_) if number == 0 => "right",
                                Some(chosen) if chosen == number => "wrong",
                                _ => "",
                            };
                            html! { <button {class} disabled={chosen.is_some()} {onclick}>{ &answers[number] }</button> }
                        }) }
                    </div>
                    <p class="hint" role="status">{ match chosen {
                        None => "What do you think?",
                        Some(0) => "Yes. Go on and see.",
                        Some(_) => "Not quite: go on and see why.",
                    } }</p>
                </>
            }
        }
        None => {
            html! { <p>{ "That is the end. Go back in it with the bar, or change something and see what comes of it." }</p> }
        }
    };
    let on_close = props.on_close.clone();
    html! {
        <section class="panel caption" aria-label="Lesson" data-testid="caption">
            { body }
            <div class="verbs turn">
                <button data-testid="lesson-back" disabled={place == 0} onclick={turn(place.saturating_sub(1))}>{ "◀ Back" }</button>
                <span class="hint">{ if place < count { format!("{} of {count}", place + 1) } else { "the end".into() } }</span>
                <button class="primary" data-testid="lesson-next" disabled={place >= count} onclick={turn(place + 1)}>{ "Next ▶" }</button>
                <span class="grow"></span>
                <button class="quiet" onclick={move |_: MouseEvent| on_close.emit(())}>{ "Leave the lesson" }</button>
            </div>
        </section>
    }
}

/// Answers in an order that does not tell which is right: that of their texts.
fn in_order(answers: &[String]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..answers.len()).collect();
    order.sort_by_key(|number| &answers[*number]);
    order
}
