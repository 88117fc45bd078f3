//! Matrix multiplication on slices: the one place outside `retrieval/hamming` with unsafe code,
//! because the `gemm` crate takes raw pointers. Every view is bounds-checked before it is used.

/// A strided matrix view: element (i, j) is `data[i * row_stride + j * column_stride]`.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The elements, from the first one of the view on.
    pub data: &'a [f32],
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Elements between two rows, and between two columns.
    pub strides: (usize, usize),
}

impl<'a> View<'a> {
    /// A row-major matrix whose rows follow each other.
    pub(super) fn rows(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { data, shape: (rows, columns), strides: (columns, 1) }
    }

    /// A row-major matrix whose rows lie `stride` apart.
    pub(super) fn strided(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        Self { data, shape: (rows, columns), strides: (stride, 1) }
    }

    /// The same elements, rows and columns exchanged.
    pub(super) fn transposed(self) -> Self {
        Self {
            data: self.data,
            shape: (self.shape.1, self.shape.0),
            strides: (self.strides.1, self.strides.0),
        }
    }
}

/// Elements that a view of this shape and these strides reaches.
fn reach(shape: (usize, usize), strides: (usize, usize)) -> usize {
    if shape.0 == 0 || shape.1 == 0 { 0 } else { (shape.0 - 1) * strides.0 + (shape.1 - 1) * strides.1 + 1 }
}

/// `out = a · b`, or `out += a · b` where `accumulate`; `out` is row-major with rows `out_stride` apart.
///
/// # Panics
/// If the shapes do not fit or a view reaches past its slice.
#[expect(unsafe_code, reason = "the gemm crate takes raw pointers")]
pub(super) fn matmul(out: &mut [f32], out_stride: usize, a: View<'_>, b: View<'_>, accumulate: bool) {
    let ((m, k), (k2, n)) = (a.shape, b.shape);
    assert_eq!(k, k2, "inner dimensions of a product");
    assert!(n <= out_stride || m <= 1, "rows of the output overlap");
    assert!(reach(a.shape, a.strides) <= a.data.len(), "left view past its slice");
    assert!(reach(b.shape, b.strides) <= b.data.len(), "right view past its slice");
    assert!(reach((m, n), (out_stride, 1)) <= out.len(), "output view past its slice");
    // SAFETY: the three views lie inside their slices (asserted above), `out` is borrowed mutably and so
    // overlaps neither input, its elements are distinct (rows do not overlap), and all are f32.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.strides.1 as isize,
            a.strides.0 as isize,
            b.data.as_ptr(),
            b.strides.1 as isize,
            b.strides.0 as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_views_and_their_transposes() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let b = [1.0, 0.0, -1.0, 2.0, 0.5, 1.0];
        let mut out = [10.0; 4];
        matmul(&mut out, 2, View::rows(&a, 2, 3), View::rows(&b, 3, 2), false);
        assert_eq!(out, [0.5, 7.0, 2.0, 16.0][..].to_vec()[..]);
        matmul(&mut out, 2, View::rows(&a, 2, 3), View::rows(&b, 2, 3).transposed(), true);
        assert_eq!(out, [0.5 - 2.0, 7.0 + 6.0, 2.0 - 2.0, 16.0 + 16.5]);
    }

    #[test]
    #[should_panic(expected = "past its slice")]
    fn a_view_past_its_slice_is_refused() {
        matmul(&mut [0.0; 4], 2, View::rows(&[0.0; 3], 2, 2), View::rows(&[0.0; 4], 2, 2), false);
    }
}
