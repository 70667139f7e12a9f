//! A whole and its parts, as one bar.

use maud::{Markup, html};

use super::{Tone, Ui};

/// The width of a bar in units of its drawing.
const WIDTH: f64 = 1000.0;

impl Ui {
    /// A bar of parts side by side, each with its tone and size; `label` says the same in words. Parts too small to be
    /// seen are drawn a little wider.
    #[expect(clippy::unused_self, reason = "as the other components")]
    pub(in crate::web) fn stack(&self, label: &str, parts: &[(Tone, u64)]) -> Markup {
        html! {
            svg.stack role="img" aria-label=(label) viewBox="0 0 1000 10" preserveAspectRatio="none" {
                @for (tone, from, width) in laid_out(parts) {
                    rect data-tone=(tone.name()) x=(format!("{from:.1}")) y="0" width=(format!("{width:.1}")) height="10" {}
                }
            }
        }
    }
}

/// Where each part that is there begins, and how wide it is.
fn laid_out(parts: &[(Tone, u64)]) -> Vec<(Tone, f64, f64)> {
    const LEAST: f64 = 8.0;
    #[expect(clippy::cast_precision_loss, reason = "a drawing")]
    let size = |count: u64| count as f64;
    let there: Vec<(Tone, f64)> =
        parts.iter().filter(|(_, count)| *count > 0).map(|(tone, count)| (*tone, size(*count))).collect();
    let whole: f64 = there.iter().map(|(_, count)| count).sum();
    let widths: Vec<f64> = there.iter().map(|(_, count)| (count / whole * WIDTH).max(LEAST)).collect();
    // What the small ones got the large ones give.
    let scale = WIDTH / widths.iter().sum::<f64>();
    let mut at = 0.0;
    there
        .into_iter()
        .zip(widths)
        .map(|((tone, _), width)| {
            let (from, width) = (at, width * scale);
            at += width;
            (tone, from, width)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_bar_and_none_vanishes() {
        let parts = laid_out(&[(Tone::Ok, 9999), (Tone::Warn, 0), (Tone::Bad, 1)]);
        assert_eq!(parts.iter().map(|part| part.0).collect::<Vec<_>>(), [Tone::Ok, Tone::Bad]);
        let (_, from, width) = parts[1];
        assert!(width > 7.0 && (from + width - WIDTH).abs() < 0.01, "{parts:?}");
        assert!(laid_out(&[]).is_empty() && laid_out(&[(Tone::Ok, 0)]).is_empty());
    }
}
