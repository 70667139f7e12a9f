//! The last pass over a drawn frame for terminals without Unicode.

use ratatui::buffer::Buffer;

/// Replaces every cell that is not printable ASCII: the screens' own shapes by like ones, anything else by `?`.
pub(super) fn fold(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if !symbol.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let replacement = alike(symbol);
            cell.set_symbol(replacement);
        }
    }
}

fn alike(symbol: &str) -> &'static str {
    match symbol {
        "─" | "–" | "▁" => "-",
        "━" | "≡" | "▪" => "=",
        "│" => "|",
        "┌" | "┐" | "└" | "┘" | "▅" => "+",
        "▂" | "·" => ".",
        "▃" | "◦" => ":",
        "▄" | "…" => "~",
        "▆" | "●" | "•" => "*",
        "▇" | "■" => "#",
        "█" => "@",
        "○" => "o",
        "▲" => "!",
        "×" => "x",
        "◊" => "%",
        "◄" | "←" => "<",
        "►" | "→" => ">",
        "↑" => "^",
        "↓" => "v",
        "°" | "" => " ",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn nothing_but_ascii_is_left() {
        let mut buffer = Buffer::with_lines(["┌─ 48 °C ▁▅█ ●", "温度 ünï …"]);
        buffer.set_style(buffer.area, Style::new());
        fold(&mut buffer);
        assert_eq!(buffer, Buffer::with_lines(["+- 48  C -+@ *", "? ?  ?n? ~"]));
    }
}
