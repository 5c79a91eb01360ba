//! Codes estimate cosines.

use super::super::kernel::Kernel;
use super::super::rotation::Rotation;
use super::super::row::unit;
use super::*;

fn numbers_of(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn estimates_are_near_and_not_to_one_side() {
    for (dims, allowed) in [(64, 0.11), (256, 0.055), (384, 0.045), (1536, 0.025)] {
        let rotation = Rotation::new(dims);
        // All vectors lean to one side, as those of embedding models do; the centre takes that out.
        let lean = numbers_of(1, dims);
        let vector = |seed| {
            unit(&numbers_of(seed, dims).iter().zip(&lean).map(|(a, b)| a + b).collect::<Vec<_>>())
        };
        let rotated = |vector: &[f32]| {
            let mut out = vec![0.0; rotation.padded()];
            rotation.apply(vector, &mut out);
            out
        };
        let all: Vec<Vec<f32>> = (2..402).map(|seed| rotated(&vector(seed).unwrap())).collect();
        let centre: Vec<f32> = (0..rotation.padded())
            .map(|at| all.iter().map(|vector| vector[at]).sum::<f32>() / 400.0)
            .collect();
        let mut codes = Codes::default();
        for vector in &all {
            codes.push(vector, &centre);
        }
        let less =
            |vector: &[f32]| vector.iter().zip(&centre).map(|(a, b)| a - b).collect::<Vec<f32>>();
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let (mut bias, mut square, mut count) = (0.0, 0.0, 0.0f32);
        for query in all.iter().step_by(20) {
            let code = QueryCode::new(&less(query));
            let (mut scores, mut hits) = (vec![0.0; 400], vec![0; 50]);
            Kernel::best().estimate(codes.words(), &code, 0.0, &mut scores, &mut hits);
            let same_for_all = dot(&centre, &less(query)) + dot(&centre, &centre);
            for (vector, score) in all.iter().zip(&scores) {
                if vector == query {
                    continue;
                }
                // `<o, q> = <r, p> + <r, c> + <c, q>`.
                let error = score + same_for_all - dot(vector, query);
                bias += error;
                square += error * error;
                count += 1.0;
            }
        }
        assert!((bias / count).abs() < allowed / 10.0, "{dims}: {}", bias / count);
        assert!((square / count).sqrt() < allowed, "{dims}: {}", (square / count).sqrt());
    }
}

#[test]
fn a_code_moves_between_blocks_as_it_is() {
    let padded = 128;
    let mut codes = Codes::default();
    for seed in 0..21 {
        codes.push(&unit(&numbers_of(seed, padded)).unwrap(), &vec![0.01; padded]);
    }
    let mut copy = Codes::default();
    (0..21).for_each(|index| copy.push_from(codes.words(), index, padded));
    assert_eq!(copy.words(), codes.words());
    let mut shifted = Codes::default();
    (5..21).for_each(|index| shifted.push_from(codes.words(), index, padded));
    let (a, b) = (numbers(shifted.words(), padded, 0), numbers(codes.words(), padded, 5));
    assert_eq!((a.factor.to_bits(), a.signs, a.offset), (b.factor.to_bits(), b.signs, b.offset));
}

#[test]
fn the_zero_vector_is_no_trouble() {
    let mut codes = Codes::default();
    codes.push(&[0.0; 64], &[0.0; 64]);
    let code = QueryCode::new(&[0.0; 64]);
    let (mut scores, mut hits) = ([1.0; 8], [0]);
    Kernel::Scalar.estimate(codes.words(), &code, -1.0, &mut scores, &mut hits);
    assert_eq!((scores, hits), ([0.0; 8], [0xff]));
}
