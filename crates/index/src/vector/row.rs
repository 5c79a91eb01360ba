//! Vectors as rows of fixed-point numbers: exact enough to order by, and integers, so that every machine and every
//! order of summing gives the same cosine.

#![expect(clippy::cast_possible_truncation, reason = "unit vectors scaled to 16 bits")]

/// What 1 becomes.
const ONE: f32 = 32767.0;

/// Numbers per row of vectors with `dims` dimensions: whole registers.
pub(crate) fn stride(dims: usize) -> usize {
    dims.max(1).next_multiple_of(32)
}

/// The vector scaled to length one; `None` for one without direction: all zeros, or not all numbers.
pub(crate) fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let norm = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    (norm.is_finite() && norm > 0.0)
        .then(|| vector.iter().map(|value| (f64::from(*value) / norm) as f32).collect())
}

/// Appends the row of a unit vector.
///
/// The products of two rows sum to at most `ONE` squared (Cauchy-Schwarz), so 32 bits hold every partial sum.
pub(crate) fn push(rows: &mut Vec<i16>, unit: &[f32]) {
    let end = rows.len() + stride(unit.len());
    rows.extend(unit.iter().map(|value| (value * ONE).round() as i16));
    rows.resize(end, 0);
}

/// The cosine that a dot product of two rows stands for.
pub(crate) fn cosine(dot: i32) -> f32 {
    dot as f32 / (ONE * ONE)
}

/// The vector that the numbers of a row stand for.
pub(crate) fn to_vector(row: &[i16]) -> Vec<f32> {
    row.iter().map(|value| f32::from(*value) / ONE).collect()
}
