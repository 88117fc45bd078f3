//! Progress bars on standard error; nothing is drawn where standard error is not a terminal.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over a known number of pictures or steps, which also measures the time.
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
}

impl Progress {
    /// A bar that counts `total` pictures under a heading such as "indexing".
    pub(crate) fn images(heading: &str, total: usize) -> Self {
        Self::with_template(
            heading,
            total,
            "{prefix} {wide_bar} {pos}/{len} images  {msg}  {eta} left",
        )
    }

    /// A bar that counts `total` steps. Its message shows the rate.
    pub(crate) fn steps(heading: &str, total: usize) -> Self {
        Self::with_template(heading, total, "{prefix} {wide_bar} {pos}/{len}  {msg}  {eta} left")
    }

    fn with_template(heading: &str, total: usize, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        // A template is a constant of this file; a faulty one would only lose the style.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(heading.to_owned());
        Self { bar, start: Instant::now() }
    }

    /// Counts `images` more and shows the rate so far.
    pub(crate) fn advance(&self, images: usize) {
        self.bar.inc(images as u64);
        self.bar.set_message(format!("{:.1} images/s", self.rate(self.bar.position() as usize)));
    }

    /// Moves to a position with a message of the caller's.
    pub(crate) fn at(&self, position: usize, message: String) {
        self.bar.set_position(position as u64);
        self.bar.set_message(message);
    }

    /// The time since the bar began, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Images a second, if `images` were done since the bar began.
    pub(crate) fn rate(&self, images: usize) -> f64 {
        images as f64 / self.seconds().max(1e-9)
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
