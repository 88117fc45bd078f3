//! Figures with their intervals, as text.

use retrieval::evaluation::Figure;

/// A figure with its interval, such as "0.812 [0.790, 0.834]".
pub fn figure(figure: &Figure) -> String {
    format!("{:.3} [{:.3}, {:.3}]", figure.value, figure.low, figure.high)
}

/// A difference with its interval, such as "+0.012 [-0.003, +0.034]".
pub fn signed(figure: &Figure) -> String {
    format!("{:+.3} [{:+.3}, {:+.3}]", figure.value, figure.low, figure.high)
}
