//! How a measure went in each lane, above one time axis.

use kvs_core::explore::{Measure, Point};
use kvs_core::time::{Span, Time};
use yew::prelude::*;

use super::figures::span_words;
use super::model::{Comparison, Lane};

/// The height of a strip, in its own units.
const HEIGHT: f64 = 100.0;

/// What a chart is called.
pub fn title(measure: Measure) -> &'static str {
    match measure {
        Measure::Availability => "Answered within a second",
        Measure::Latency => "Longest wait for an answer",
        Measure::Staleness => "Oldest value that was read",
        Measure::Convergence => "Different states among replicas",
    }
}

/// What tests and scripts call it.
pub fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::Availability => "availability",
        Measure::Latency => "latency",
        Measure::Staleness => "staleness",
        Measure::Convergence => "convergence",
    }
}

/// A value in words.
pub fn words(measure: Measure, point: Option<Point>) -> String {
    match (measure, point) {
        (_, None) => "nothing".into(),
        (Measure::Availability, Some(point)) => format!("{} %", point.value),
        (Measure::Staleness, Some(Point { value: 0, .. })) => "fresh".into(),
        (Measure::Latency | Measure::Staleness, Some(point)) => span_words(Span::from_us(point.value)),
        (Measure::Convergence, Some(point)) => point.value.to_string(),
    }
}

/// What fills a strip, so that the lanes of a chart can be compared: the greatest value in any of them.
pub fn scale(measure: Measure, lanes: &[Lane]) -> u64 {
    let figures = lanes.iter().filter_map(Lane::figures);
    let points = figures.flat_map(|figures| figures.series(measure).iter().flatten());
    let greatest = points.map(|point| point.value).max().unwrap_or(0);
    match measure {
        Measure::Availability => 100,
        Measure::Latency | Measure::Staleness => greatest.max(1),
        Measure::Convergence => greatest.max(2),
    }
}

/// How much of its strip a value fills. One state is as it should be, and fills nothing.
fn filled(measure: Measure, value: u64, scale: u64) -> f64 {
    let nothing = u64::from(measure == Measure::Convergence);
    value.saturating_sub(nothing) as f64 / scale.saturating_sub(nothing).max(1) as f64
}

/// The outline of a series as an SVG path: a stretch of time is one unit wide; where there is nothing to show, there is a gap.
pub fn outline(measure: Measure, points: &[Option<Point>], scale: u64) -> String {
    let mut path = String::new();
    for (place, point) in points.iter().enumerate() {
        let Some(point) = point else { continue };
        // What is there is seen, however little.
        let height =
            (filled(measure, point.value, scale) * (HEIGHT - 4.0)).max(if point.value > 0 { 3.0 } else { 0.0 });
        path.push_str(&format!("M{place} {HEIGHT}V{:.1}H{}V{HEIGHT}Z", HEIGHT - height, place + 1));
    }
    path
}

/// The stretch that an instant is in.
pub fn stretch(comparison: &Comparison, time: Time) -> usize {
    let every = comparison.every().as_us();
    let last = comparison.horizon().as_us().div_ceil(every.max(1)).saturating_sub(1);
    usize::try_from((time.as_us() / every.max(1)).min(last)).unwrap_or(0)
}

/// Where a click on a stretch of a lane's chart leads: to the event it is about, or, where there is none, to its beginning.
pub fn target(comparison: &Comparison, lane: usize, measure: Measure, stretch: usize) -> Time {
    let figures = comparison.lanes().get(lane).and_then(Lane::figures);
    let point = figures.and_then(|figures| *figures.series(measure).get(stretch)?);
    point.map_or_else(|| Time::ZERO + comparison.every().saturating_mul(stretch as u64), |point| point.at)
}

/// What a chart needs.
pub struct Chart<'a> {
    /// What it shows.
    pub comparison: &'a Comparison,
    /// The stretch that the reader points to, if she does.
    pub pointed: Option<usize>,
    /// Where the stories of the lanes part, if that is of interest.
    pub parting: Option<Time>,
    /// The reader points to a stretch, or to none any more.
    pub on_point: Callback<Option<usize>>,
    /// The reader wants to go somewhere.
    pub on_seek: Callback<Time>,
}

impl Chart<'_> {
    /// One measure, a strip a lane.
    pub fn view(&self, measure: Measure) -> Html {
        let lanes = self.comparison.lanes();
        let scale = scale(measure, lanes);
        let greatest = match measure {
            Measure::Availability => String::new(),
            Measure::Convergence => format!("up to {scale}"),
            Measure::Latency | Measure::Staleness if scale <= 1 => String::new(),
            Measure::Latency | Measure::Staleness => format!("up to {}", span_words(Span::from_us(scale))),
        };
        html! {
            <section class={classes!("chart", name(measure))} aria-label={title(measure)} data-chart={name(measure)}>
                <h3>{ title(measure) }<small>{ greatest }</small></h3>
                { for lanes.iter().enumerate().map(|(place, lane)| self.strip(measure, scale, place, lane)) }
            </section>
        }
    }

    fn strip(&self, measure: Measure, scale: u64, place: usize, lane: &Lane) -> Html {
        let Some(figures) = lane.figures() else {
            return html! { <div class="lane-strip"><span class="of">{ lane.name().to_owned() }</span><span class="hint">{ "…" }</span></div> };
        };
        let points = figures.series(measure);
        let length = points.len().max(1);
        let shown = self.pointed.unwrap_or_else(|| stretch(self.comparison, self.comparison.now())).min(length - 1);
        let point = points.get(shown).copied().flatten();
        let says = words(measure, point);
        let when = span_words(self.comparison.every().saturating_mul(shown as u64));
        let across = |time: Time| time.as_us() as f64 / self.comparison.horizon().as_us().max(1) as f64 * length as f64;
        let line = |class: &'static str, x: f64| {
            let x = format!("{x:.2}");
            html! { <line {class} x1={x.clone()} x2={x} y1="0" y2={HEIGHT.to_string()} /> }
        };
        let go = {
            let targets: Vec<Time> =
                (0..length).map(|stretch| target(self.comparison, place, measure, stretch)).collect();
            let on_seek = self.on_seek.clone();
            move |stretch: usize| on_seek.emit(targets.get(stretch).copied().unwrap_or_default())
        };
        let onclick = {
            let go = go.clone();
            Callback::from(move |event: MouseEvent| {
                if let Some(stretch) = stretch_at(&event, length) {
                    go(stretch);
                }
            })
        };
        let onmousemove = self.on_point.reform(move |event: MouseEvent| stretch_at(&event, length));
        let onmouseleave = self.on_point.reform(|_: MouseEvent| None);
        let onblur = self.on_point.reform(|_: FocusEvent| None);
        let onkeydown = {
            let on_point = self.on_point.clone();
            Callback::from(move |event: KeyboardEvent| {
                match event.key().as_str() {
                    "ArrowRight" => on_point.emit(Some((shown + 1).min(length - 1))),
                    "ArrowLeft" => on_point.emit(Some(shown.saturating_sub(1))),
                    "Home" => on_point.emit(Some(0)),
                    "End" => on_point.emit(Some(length - 1)),
                    "Enter" | " " => go(shown),
                    _ => return,
                }
                event.prevent_default();
                event.stop_propagation();
            })
        };
        html! {
            <div class="lane-strip">
                <span class="of" title={lane.title().to_owned()}>{ lane.name().to_owned() }</span>
                <div class="series" role="slider" tabindex="0" aria-label={format!("{}: {}", title(measure), lane.title())} aria-valuemin="0"
                    aria-valuemax={(length - 1).to_string()} aria-valuenow={shown.to_string()} aria-valuetext={format!("{when}: {says}")}
                    title="Click to go there" data-strip={place.to_string()} {onclick} {onmousemove} {onmouseleave} {onblur} {onkeydown}>
                    <svg viewBox={format!("0 0 {length} {HEIGHT}")} preserveAspectRatio="none" aria-hidden="true">
                        <path d={outline(measure, points, scale)} />
                        if let Some(parting) = self.parting { { line("parting", across(parting)) } }
                        if let Some(pointed) = self.pointed { { line("pointed", pointed as f64 + 0.5) } }
                        { line("now", across(self.comparison.now())) }
                    </svg>
                </div>
                <output class="says">{ if point.is_some() { says } else { "–".into() } }</output>
            </div>
        }
    }
}

/// The stretch below the pointer.
fn stretch_at(event: &MouseEvent, length: usize) -> Option<usize> {
    // The strip is a little wider than what is drawn in it.
    let drawn = event.target_dyn_into::<web_sys::Element>()?.query_selector("svg").ok()??;
    let area = drawn.get_bounding_client_rect();
    let part = (f64::from(event.client_x()) - area.left()) / area.width().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the length of a series")]
    let stretch = (part * length as f64).clamp(0.0, length as f64 - 1.0) as usize;
    Some(stretch)
}
