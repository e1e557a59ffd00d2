//! Figures in words.

use kvs_core::explore::survey::Share;
use kvs_core::time::Span;

/// Thousandths as a number with one decimal.
pub fn tenths(milli: u32) -> String {
    let tenths = milli.saturating_add(50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A duration in whole milliseconds.
pub fn duration(us: Option<u32>) -> String {
    us.map_or("–".into(), |us| format!("{} ms", us.saturating_add(500) / 1_000))
}

/// How much of the time somebody was served, in per cent: never 100 % if not always, and never 0 % if ever.
pub fn percent(share: Share) -> String {
    match share.per_mille() {
        None => "–".into(),
        Some(0..10) if share.served > Span::ZERO => "under 1 %".into(),
        Some(990..) if share.served < share.of => "99 %".into(),
        Some(mille) => format!("{} %", mille.saturating_add(5) / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_but_never_to_all_or_none() {
        assert_eq!([0, 949, 950, 12_345].map(tenths), ["0.0", "0.9", "1.0", "12.3"]);
        assert_eq!([None, Some(1_499), Some(41_500)].map(duration), ["–", "1 ms", "42 ms"]);
        let of = |served, of| percent(Share { of: Span::from_ms(of), served: Span::from_ms(served) });
        assert_eq!(
            [of(0, 0), of(0, 9), of(1, 2_000), of(1, 2), of(1_999, 2_000), of(7, 7)],
            ["–", "0 %", "under 1 %", "50 %", "99 %", "100 %"]
        );
    }
}
