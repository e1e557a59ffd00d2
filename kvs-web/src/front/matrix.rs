//! What the survey has found: the ladder of consistency, and every store in every weather.

use kvs_core::explore::survey::{Level, Weather};
use kvs_core::zoo::catalog::{EXHIBITS, Exhibit};
use yew::prelude::*;

use super::words::{duration, percent, tenths};
use crate::work::Measured;

#[derive(Properties, PartialEq)]
pub struct SurveyedProps {
    /// What is known so far.
    pub measured: Vec<Measured>,
}

/// Where a store stands on the ladder: by what held in all runs without crashes, and how far crashes bring it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The rung.
    pub level: Level,
    /// The weaker one that is left when servers crash, if it is weaker.
    pub after_crashes: Option<Level>,
    /// The run that shows why it is not higher, as in a link.
    pub run: String,
}

/// Where a store stands; None before all of its runs are known.
pub fn standing(measured: &[Measured], store: &str) -> Option<Standing> {
    let of = |weather: Weather| {
        let is_it = |known: &&Measured| known.store == store && known.weather() == Some(weather);
        measured.iter().find(is_it)
    };
    let all: Option<Vec<&Measured>> = Weather::ALL.into_iter().map(of).collect();
    let all = all?;
    let is_crash = |known: &Measured| matches!(known.weather(), Some(Weather::OneDown | Weather::MostDown));
    let (crashes, others): (Vec<&Measured>, Vec<&Measured>) = all.into_iter().partition(|known| is_crash(known));
    // The cut is the last of those, and where nothing shows a difference the most telling.
    let lowest = others.into_iter().rev().min_by_key(|known| known.level())?;
    let fallen = crashes.into_iter().min_by_key(|known| known.level())?;
    let is_lower = fallen.level() < lowest.level();
    Some(Standing {
        level: lowest.level(),
        after_crashes: is_lower.then(|| fallen.level()),
        run: if is_lower { fallen.run.clone() } else { lowest.run.clone() },
    })
}

/// The rungs, the strongest first, and who stands on each.
#[component]
pub fn Ladder(props: &SurveyedProps) -> Html {
    let standing: Vec<(&Exhibit, Standing)> =
        EXHIBITS.iter().filter_map(|exhibit| Some((exhibit, standing(&props.measured, exhibit.name)?))).collect();
    html! {
        <ol class="ladder" data-testid="ladder">{ for Level::ALL.iter().map(|level| {
            let here = standing.iter().filter(|(_, standing)| standing.level == *level);
            html! {
                <li data-level={level.title()}>
                    <b>{ level.title() }</b>
                    <small>{ level.meaning() }</small>
                    <span class="who">{ for here.map(|(exhibit, standing)| html! {
                        <a class="chip" href={format!("#{}", standing.run)} data-store={exhibit.name}>
                            { exhibit.title }
                            if let Some(lower) = standing.after_crashes {
                                <small>{ format!("crashes: {}", lower.title().to_ascii_lowercase()) }</small>
                            }
                        </a>
                    }) }</span>
                </li>
            }
        }) }</ol>
    }
}

/// A row a store, a column a weather.
#[component]
pub fn Matrix(props: &SurveyedProps) -> Html {
    let of = |exhibit: &Exhibit, weather: Weather| {
        let is_it = |known: &&Measured| known.store == exhibit.name && known.weather() == Some(weather);
        props.measured.iter().find(is_it)
    };
    html! {
        <div class="table-place">
            <table class="wide matrix" data-testid="matrix">
                <thead><tr>
                    <th scope="col">{ "Store" }</th>
                    { for Weather::ALL.iter().map(|weather| html! { <th scope="col" title={weather.meaning()}>{ weather.title() }</th> }) }
                    <th scope="col" title="When nothing goes wrong, with what servers send of their own accord">{ "Messages an operation" }</th>
                    <th scope="col" title="When nothing goes wrong">{ "Half answered within" }</th>
                </tr></thead>
                <tbody>{ for EXHIBITS.iter().map(|exhibit| html! {
                    <tr data-store={exhibit.name}>
                        <th scope="row"><a href={format!("#{}", exhibit.name)}>{ exhibit.title }</a></th>
                        { for Weather::ALL.iter().map(|weather| field(of(exhibit, *weather), *weather)) }
                        <td class="figure">{ of(exhibit, Weather::Calm).map(|calm| tenths(calm.messages_milli)) }</td>
                        <td class="figure">{ of(exhibit, Weather::Calm).map(|calm| duration(calm.latency_us)) }</td>
                    </tr>
                }) }</tbody>
            </table>
        </div>
    }
}

fn field(measured: Option<&Measured>, weather: Weather) -> Html {
    let Some(measured) = measured else {
        return html! { <td class="yet"><span aria-label="not known yet">{ "…" }</span></td> };
    };
    let shares: Vec<String> = measured.shares().map(percent).collect();
    let served = match &shares[..] {
        [few, rest] => format!("{few} | {rest} served"),
        [all] => format!("{all} served"),
        _ => String::new(),
    };
    let is_about_disks = matches!(weather, Weather::OneDown | Weather::MostDown);
    html! {
        <td data-weather={weather.title()}>
            <a href={format!("#{}", measured.run)}>
                <b class={format!("rung rung-{}", measured.level)}>{ measured.level().title() }{ if measured.is_sure { "" } else { "?" } }</b>
                <span class="served">{ served }</span>
                if measured.durable == Some(false) {
                    <span class="lost">{ "✕ writes lost" }</span>
                } else if is_about_disks && measured.durable == Some(true) {
                    <span class="kept">{ "✓ nothing lost" }</span>
                }
            </a>
        </td>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(weather: u32, level: u32) -> Measured {
        Measured {
            store: "raft".into(),
            weather,
            level,
            is_sure: true,
            served: Vec::new(),
            durable: None,
            messages_milli: 0,
            latency_us: None,
            run: format!("raft?seed={weather}"),
        }
    }

    #[test]
    fn a_store_stands_where_it_stood_in_its_worst_weather() {
        let mut all: Vec<Measured> = (0..4).map(|weather| measured(weather, 0)).collect();
        assert_eq!(standing(&all, "raft"), None, "one run is missing");
        all.push(measured(4, 0));
        let of = |all: &[Measured]| standing(all, "raft").expect("all are known");
        assert_eq!((of(&all).level, of(&all).after_crashes), (Level::Linearizable, None));
        all[2].level = 3;
        assert_eq!((of(&all).level, of(&all).run.as_str()), (Level::Sessions, "raft?seed=2"));
        all[4].level = 5;
        assert_eq!((of(&all).after_crashes, of(&all).run.as_str()), (Some(Level::Nothing), "raft?seed=4"));
        assert_eq!(standing(&all, "local"), None);
    }
}
