//! Every kernel of this machine gives the bits of the scalar one.

use proptest::prelude::*;

use super::*;
use crate::vector::code::Codes;
use crate::vector::rotation::Rotation;
use crate::vector::row;

fn vectors(dims: usize, count: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut state = seed | 1;
    let mut number = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| (0..dims).map(|_| number()).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn equal_the_scalar_kernel(dims in 1usize..700, count in 1usize..70, seed: u64, threshold in -0.2f32..0.2) {
        let rotation = Rotation::new(dims);
        let (mut codes, mut rows) = (Codes::default(), Vec::new());
        let mut rotated = vec![0.0; rotation.padded()];
        let all = vectors(dims, count + 1, seed);
        let centre: Vec<f32> = (0..rotation.padded()).map(|at| (at % 7) as f32 / 100.0).collect();
        for vector in &all {
            let unit = row::unit(vector).expect("random vectors have a direction");
            rotation.apply(&unit, &mut rotated);
            codes.push(&rotated, &centre);
            row::push(&mut rows, &unit);
        }
        // The last one is the query: `rotated` still holds it.
        let query = QueryCode::new(&rotated);
        let blocks = (count + 1).div_ceil(LANES);
        let run = |kernel: Kernel| {
            let (mut scores, mut hits) = (vec![0.0f32; blocks * LANES], vec![0; blocks]);
            kernel.estimate(codes.words(), &query, threshold, &mut scores, &mut hits);
            let stride = row::stride(dims);
            let dots: Vec<i32> = rows.chunks(stride).map(|row| kernel.dot(row, &rows[rows.len() - stride..])).collect();
            (scores.into_iter().map(f32::to_bits).collect::<Vec<_>>(), hits, dots)
        };
        let expected = run(Kernel::Scalar);
        for kernel in Kernel::available() {
            prop_assert_eq!(&run(kernel), &expected, "{}", kernel.name());
        }
    }
}

#[test]
fn the_largest_rows_do_not_overflow() {
    for dims in [1, 2, 256, 1536] {
        let mut rows = Vec::new();
        row::push(&mut rows, &row::unit(&vec![-1.0; dims]).expect("it has a direction"));
        for kernel in Kernel::available() {
            let cosine = row::cosine(kernel.dot(&rows, &rows));
            assert!((cosine - 1.0).abs() < 2e-3, "{} at {dims}: {cosine}", kernel.name());
        }
    }
}
