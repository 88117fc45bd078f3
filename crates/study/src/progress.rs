//! Progress of long work, which a caller may show.

use network::TrainEvent;

/// A caller that is told of the progress of a study.
pub trait Observer {
    /// Work on a known number of pictures begins.
    fn images(&self, heading: &str, total: usize) -> Box<dyn Progress>;

    /// Work of a known number of steps begins.
    fn steps(&self, heading: &str, total: usize) -> Box<dyn Progress>;

    /// The training of a run begins. The result gets its events.
    fn training(&self, run: &str) -> Box<dyn FnMut(&TrainEvent)>;

    /// Something else happened.
    fn note(&self, line: &str);
}

/// A piece of work that has begun.
pub trait Progress {
    /// So many pictures more are done.
    fn advance(&self, images: usize);

    /// The work is at a step, described by a message.
    fn at(&self, position: usize, message: String);

    /// The work is done.
    fn finish(&self);
}
