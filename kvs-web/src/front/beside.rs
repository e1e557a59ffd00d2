//! What the front page shows before any store lives, from files beside the program: pictures and figures of runs that were lived when the
//! page was made. Tests live them again.

use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;
use yew::AttrValue;

use crate::work::Measured;

/// What there is.
pub struct Beside {
    /// The moments of all stores as SVG, in the order of the stores; None where they cannot be had.
    pub pictures: Option<Rc<[AttrValue]>>,
    /// What came of a survey of the zoo with the seeds 1 to 3; None where it cannot be had.
    pub surveyed: Option<Vec<Measured>>,
}

/// Fetches all of it at once.
pub async fn fetch() -> Beside {
    let (pictures, surveyed) = (answer("pictures.txt"), answer("surveyed.txt"));
    let pictures = text(pictures).await;
    let surveyed = text(surveyed).await;
    Beside {
        pictures: pictures.map(|text| text.lines().map(|line| AttrValue::from(line.to_owned())).collect()),
        surveyed: surveyed.and_then(|text| text.lines().map(|line| line.parse().ok()).collect()),
    }
}

fn answer(file: &str) -> Option<Promise> {
    Some(web_sys::window()?.fetch_with_str(file))
}

async fn text(answer: Option<Promise>) -> Option<String> {
    let answer = JsFuture::from(answer?).await.ok()?;
    let text = answer.dyn_into::<Response>().ok().filter(Response::ok)?.text().ok()?;
    JsFuture::from(text).await.ok()?.as_string()
}
