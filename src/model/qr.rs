//! QR codes (ISO/IEC 18004), drawn for a page and for a terminal.

use std::fmt::Write as _;

use qrcodegen::QrCodeEcc;

/// The white margin that readers ask for, in modules (ISO/IEC 18004, section 9.1).
const MARGIN: i32 = 4;

/// The QR code of a text.
pub struct QrCode(qrcodegen::QrCode);

impl std::fmt::Debug for QrCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QrCode").field("size", &self.0.size()).finish_non_exhaustive()
    }
}

impl QrCode {
    /// The code of that text, which a reader gets back although 15 % of it is spoilt; `None` above 2331 bytes.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        qrcodegen::QrCode::encode_text(text, QrCodeEcc::Medium).ok().map(Self)
    }

    /// Every line and column of the code and its margin.
    fn span(&self) -> std::ops::Range<i32> {
        -MARGIN..self.0.size() + MARGIN
    }

    /// An SVG document, black on white, without script, style or reference.
    #[must_use]
    pub fn svg(&self) -> String {
        let whole = self.span().len();
        let mut path = String::new();
        for y in self.span() {
            for x in self.span().filter(|x| self.0.get_module(*x, y)) {
                // Writing to a text cannot fail.
                let _ = write!(path, "M{},{}h1v1h-1z", x + MARGIN, y + MARGIN);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" width=\"{side}\" \
             height=\"{side}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR code\">\
             <rect width=\"{whole}\" height=\"{whole}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>",
            side = whole * 8,
        )
    }

    /// Lines for a terminal, two rows of modules in each, as blocks: what is white is drawn, since terminals are dark.
    #[must_use]
    pub fn half_blocks(&self) -> Vec<String> {
        let white = |x, y| !self.0.get_module(x, y);
        self.span()
            .step_by(2)
            .map(|y| {
                let block = |x| match (white(x, y), y + 1 < self.span().end && white(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                };
                self.span().map(block).collect()
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules, margin included, as both drawings show them.
    fn drawn(code: &QrCode) -> (Vec<Vec<bool>>, Vec<Vec<bool>>) {
        let whole = code.span().len();
        let mut blocks = Vec::new();
        for line in code.half_blocks() {
            blocks.push(line.chars().map(|c| "▄ ".contains(c)).collect::<Vec<_>>());
            blocks.push(line.chars().map(|c| "▀ ".contains(c)).collect());
        }
        blocks.truncate(whole);
        let mut svg = vec![vec![false; whole]; whole];
        let text = code.svg();
        for module in text.split("d=\"M").nth(1).unwrap().split('"').next().unwrap().split('M') {
            let (x, y) = module.split('h').next().unwrap().split_once(',').unwrap();
            svg[y.parse::<usize>().unwrap()][x.parse::<usize>().unwrap()] = true;
        }
        (blocks, svg)
    }

    #[test]
    fn both_drawings_are_the_same_code() {
        let code = QrCode::of("http://192.168.1.2:8280").unwrap();
        let (blocks, svg) = drawn(&code);
        assert_eq!(blocks, svg);
        let whole = svg.len();
        assert_eq!(whole, 25 + 8, "version 2 and its margin");
        // The finder pattern in three corners, and the white margin round it (ISO/IEC 18004, section 6.3.3).
        let finder = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"];
        for (left, top) in [(4, 4), (whole - 11, 4), (4, whole - 11)] {
            for (y, line) in finder.iter().enumerate() {
                for (x, module) in line.chars().enumerate() {
                    assert_eq!(svg[top + y][left + x], module == '1', "{x},{y}");
                }
            }
        }
        assert!(!svg[3].contains(&true) && !svg[whole - 4].contains(&true));
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(QrCode::of(&"ä".repeat(2000)).is_none());
    }
}
