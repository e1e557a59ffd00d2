//! The animation loop: runs while there is something to animate, and ends with its owner.

use gloo_render::{AnimationFrame, request_animation_frame};
use yew::Callback;

/// One requested frame at a time; dropping it cancels the request.
#[derive(Default)]
pub struct FrameLoop {
    requested: Option<AnimationFrame>,
    last_ms: Option<f64>,
}

impl FrameLoop {
    /// Asks for a frame unless one is asked for already. `on_frame` is told the page's time in milliseconds.
    pub fn request(&mut self, on_frame: Callback<f64>) {
        if self.requested.is_none() {
            self.requested = Some(request_animation_frame(move |now_ms| on_frame.emit(now_ms)));
        }
    }

    /// A frame has come: how many milliseconds after the one before, 0 for the first of a run of frames.
    pub fn arrived(&mut self, now_ms: f64) -> f64 {
        self.requested = None;
        let elapsed_ms = self.last_ms.map_or(0.0, |last_ms| now_ms - last_ms);
        self.last_ms = Some(now_ms);
        elapsed_ms
    }

    /// No frame is to come.
    pub fn stop(&mut self) {
        *self = Self::default();
    }

    /// Nothing moves any more: the time until the next frame does not count.
    pub fn rest(&mut self) {
        self.last_ms = None;
    }
}
