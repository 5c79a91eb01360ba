//! The rotation keeps lengths and angles and spreads single dimensions.

use super::*;

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn keeps_dot_products_at_any_length() {
    for dims in [1, 7, 63, 64, 100, 256, 384, 768, 1000, 1536] {
        let rotation = Rotation::new(dims);
        let mut state = 7;
        let mut vector = || -> Vec<f32> {
            (0..dims).map(|_| (next(&mut state) % 2001) as f32 / 1000.0 - 1.0).collect()
        };
        let (a, b) = (vector(), vector());
        let (mut ra, mut rb) = (vec![0.0; rotation.padded()], vec![0.0; rotation.padded()]);
        rotation.apply(&a, &mut ra);
        rotation.apply(&b, &mut rb);
        let scale = dot(&a, &a).sqrt() * dot(&b, &b).sqrt();
        assert!((dot(&a, &b) - dot(&ra, &rb)).abs() <= 1e-5 * scale.max(1.0), "{dims}");
    }
}

#[test]
fn spreads_a_single_dimension_over_all() {
    for dims in [256, 384, 1536] {
        let rotation = Rotation::new(dims);
        let mut out = vec![0.0; rotation.padded()];
        for at in [0, dims / 2, dims - 1] {
            let mut unit = vec![0.0; dims];
            unit[at] = 1.0;
            rotation.apply(&unit, &mut out);
            let largest = out.iter().fold(0.0f32, |max, value| max.max(value.abs()));
            assert!(largest < 0.35, "{dims} at {at}: {largest}");
        }
    }
}
