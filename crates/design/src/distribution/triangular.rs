//! The triangular distribution: what is known of a parameter is often a least, a most likely and a greatest value.

/// The density rises linearly from `from` to `mode` and falls to `to`.
#[derive(Clone, Debug)]
pub(crate) struct Triangular {
    pub from: f64,
    pub mode: f64,
    pub to: f64,
}

impl Triangular {
    pub fn value(&self, coordinate: f64) -> f64 {
        let Triangular { from, mode, to } = *self;
        let (width, rise) = (to - from, mode - from);
        let x = if coordinate * width < rise {
            from + (coordinate * width * rise).sqrt()
        } else {
            to - ((1.0 - coordinate) * width * (to - mode)).sqrt()
        };
        x.clamp(from, to)
    }

    pub fn bounds(&self) -> (f64, f64) {
        (self.from, self.to)
    }
}
