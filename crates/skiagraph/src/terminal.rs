//! The progress of a study on a terminal.

use network::TrainEvent;
use study::progress::{Observer, Progress};

use crate::progress;
use crate::training_display::TrainingDisplay;

/// Standard error, with bars where it is a terminal.
pub(crate) struct Terminal;

impl Observer for Terminal {
    fn images(&self, heading: &str, total: usize) -> Box<dyn Progress> {
        Box::new(progress::Progress::images(heading, total))
    }

    fn steps(&self, heading: &str, total: usize) -> Box<dyn Progress> {
        Box::new(progress::Progress::steps(heading, total))
    }

    fn training(&self, run: &str) -> Box<dyn FnMut(&TrainEvent)> {
        let mut display = TrainingDisplay::named(run);
        Box::new(move |event| display.show(event))
    }

    fn note(&self, line: &str) {
        eprintln!("{line}");
    }
}

impl Progress for progress::Progress {
    fn advance(&self, images: usize) {
        self.advance(images);
    }

    fn at(&self, position: usize, message: String) {
        self.at(position, message);
    }

    fn finish(&self) {
        self.finish();
    }
}
