//! Colours and what stands for them where there are none.

use ratatui::style::{Color, Modifier, Style};

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// No colour, by wish (`NO_COLOR`) or for want of it: bold, reverse, and characters for values.
    Plain,
    /// The eight colours of any terminal.
    Eight,
    /// 256 colours: values are cells of the viridis scale.
    Many,
}

/// Viridis (Smith and van der Walt, 2015) in the nearest of the 256 colours.
const VIRIDIS: [u8; 10] = [53, 54, 60, 60, 30, 36, 72, 77, 148, 220];

/// From few to much, for terminals without colours. A cell without a value is blank, so the lowest is not.
const SHADES: [&str; 9] = ["·", ":", "-", "=", "+", "*", "#", "%", "@"];

impl Palette {
    /// By the environment: `NO_COLOR` (<https://no-color.org>), `COLORTERM` and `TERM`.
    pub fn of_environment() -> Palette {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        Palette::of(&variable("NO_COLOR"), &variable("COLORTERM"), &variable("TERM"))
    }

    fn of(no_color: &str, color_term: &str, term: &str) -> Palette {
        match () {
            () if !no_color.is_empty() || term.contains("mono") || term.starts_with("vt1") => Palette::Plain,
            () if !color_term.is_empty() || term.contains("256") || term.contains("direct") => Palette::Many,
            () => Palette::Eight,
        }
    }

    fn colour(self, colour: Color) -> Style {
        match self {
            Palette::Plain => Style::new(),
            _ => Style::new().fg(colour),
        }
    }

    pub fn heading(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub fn good(self) -> Style {
        self.colour(Color::Green)
    }

    pub fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub fn notice(self) -> Style {
        match self {
            Palette::Plain => Style::new().add_modifier(Modifier::REVERSED),
            _ => Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD),
        }
    }

    pub fn point(self) -> Style {
        self.colour(Color::Green)
    }

    /// A cell of a map for a value from 0 to 1: its character and its style.
    pub fn shade(self, fraction: f64) -> (&'static str, Style) {
        let step = |count: usize| ((fraction.clamp(0.0, 1.0) * count as f64) as usize).min(count - 1);
        match self {
            Palette::Many => (" ", Style::new().bg(Color::Indexed(VIRIDIS[step(VIRIDIS.len())]))),
            _ => (SHADES[step(SHADES.len())], Style::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        for (no_color, color_term, term, palette) in [
            ("", "", "xterm-256color", Palette::Many),
            ("", "truecolor", "xterm", Palette::Many),
            ("1", "truecolor", "xterm-256color", Palette::Plain),
            ("", "", "linux", Palette::Eight),
            ("", "", "vt100", Palette::Plain),
        ] {
            assert_eq!(Palette::of(no_color, color_term, term), palette, "{term}");
        }
    }

    #[test]
    fn every_value_has_a_shade() {
        let of = |fraction| Palette::Plain.shade(fraction).0;
        assert_eq!([-1.0, 0.0, 0.5, 1.0, 2.0, f64::NAN].map(of), ["·", "·", "+", "@", "@", "·"]);
    }
}
