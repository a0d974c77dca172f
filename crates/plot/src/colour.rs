//! Colours: scales for values and a palette for series, all readable with colour-blind eyes.

use crate::axis::Axis;
use crate::scene::Rgb;
use crate::ticks::Ticks;

/// Viridis, perceptually uniform; S. van der Walt and N. Smith (2015), "A better default colormap for Matplotlib", SciPy
/// Conference; placed in the public domain (CC0).
#[rustfmt::skip]
const VIRIDIS: [Rgb; 256] = [
    0x440154, 0x440256, 0x450457, 0x450559, 0x46075a, 0x46085c, 0x460a5d, 0x460b5e, 0x470d60, 0x470e61,
    0x471063, 0x471164, 0x471365, 0x481467, 0x481668, 0x481769, 0x48186a, 0x481a6c, 0x481b6d, 0x481c6e,
    0x481d6f, 0x481f70, 0x482071, 0x482173, 0x482374, 0x482475, 0x482576, 0x482677, 0x482878, 0x482979,
    0x472a7a, 0x472c7a, 0x472d7b, 0x472e7c, 0x472f7d, 0x46307e, 0x46327e, 0x46337f, 0x463480, 0x453581,
    0x453781, 0x453882, 0x443983, 0x443a83, 0x443b84, 0x433d84, 0x433e85, 0x423f85, 0x424086, 0x424186,
    0x414287, 0x414487, 0x404588, 0x404688, 0x3f4788, 0x3f4889, 0x3e4989, 0x3e4a89, 0x3e4c8a, 0x3d4d8a,
    0x3d4e8a, 0x3c4f8a, 0x3c508b, 0x3b518b, 0x3b528b, 0x3a538b, 0x3a548c, 0x39558c, 0x39568c, 0x38588c,
    0x38598c, 0x375a8c, 0x375b8d, 0x365c8d, 0x365d8d, 0x355e8d, 0x355f8d, 0x34608d, 0x34618d, 0x33628d,
    0x33638d, 0x32648e, 0x32658e, 0x31668e, 0x31678e, 0x31688e, 0x30698e, 0x306a8e, 0x2f6b8e, 0x2f6c8e,
    0x2e6d8e, 0x2e6e8e, 0x2e6f8e, 0x2d708e, 0x2d718e, 0x2c718e, 0x2c728e, 0x2c738e, 0x2b748e, 0x2b758e,
    0x2a768e, 0x2a778e, 0x2a788e, 0x29798e, 0x297a8e, 0x297b8e, 0x287c8e, 0x287d8e, 0x277e8e, 0x277f8e,
    0x27808e, 0x26818e, 0x26828e, 0x26828e, 0x25838e, 0x25848e, 0x25858e, 0x24868e, 0x24878e, 0x23888e,
    0x23898e, 0x238a8d, 0x228b8d, 0x228c8d, 0x228d8d, 0x218e8d, 0x218f8d, 0x21908d, 0x21918c, 0x20928c,
    0x20928c, 0x20938c, 0x1f948c, 0x1f958b, 0x1f968b, 0x1f978b, 0x1f988b, 0x1f998a, 0x1f9a8a, 0x1e9b8a,
    0x1e9c89, 0x1e9d89, 0x1f9e89, 0x1f9f88, 0x1fa088, 0x1fa188, 0x1fa187, 0x1fa287, 0x20a386, 0x20a486,
    0x21a585, 0x21a685, 0x22a785, 0x22a884, 0x23a983, 0x24aa83, 0x25ab82, 0x25ac82, 0x26ad81, 0x27ad81,
    0x28ae80, 0x29af7f, 0x2ab07f, 0x2cb17e, 0x2db27d, 0x2eb37c, 0x2fb47c, 0x31b57b, 0x32b67a, 0x34b679,
    0x35b779, 0x37b878, 0x38b977, 0x3aba76, 0x3bbb75, 0x3dbc74, 0x3fbc73, 0x40bd72, 0x42be71, 0x44bf70,
    0x46c06f, 0x48c16e, 0x4ac16d, 0x4cc26c, 0x4ec36b, 0x50c46a, 0x52c569, 0x54c568, 0x56c667, 0x58c765,
    0x5ac864, 0x5cc863, 0x5ec962, 0x60ca60, 0x63cb5f, 0x65cb5e, 0x67cc5c, 0x69cd5b, 0x6ccd5a, 0x6ece58,
    0x70cf57, 0x73d056, 0x75d054, 0x77d153, 0x7ad151, 0x7cd250, 0x7fd34e, 0x81d34d, 0x84d44b, 0x86d549,
    0x89d548, 0x8bd646, 0x8ed645, 0x90d743, 0x93d741, 0x95d840, 0x98d83e, 0x9bd93c, 0x9dd93b, 0xa0da39,
    0xa2da37, 0xa5db36, 0xa8db34, 0xaadc32, 0xaddc30, 0xb0dd2f, 0xb2dd2d, 0xb5de2b, 0xb8de29, 0xbade28,
    0xbddf26, 0xc0df25, 0xc2df23, 0xc5e021, 0xc8e020, 0xcae11f, 0xcde11d, 0xd0e11c, 0xd2e21b, 0xd5e21a,
    0xd8e219, 0xdae319, 0xdde318, 0xdfe318, 0xe2e418, 0xe5e419, 0xe7e419, 0xeae51a, 0xece51b, 0xefe51c,
    0xf1e51d, 0xf4e61e, 0xf6e620, 0xf8e621, 0xfbe723, 0xfde725,
];

/// RdBu, diverging, blue for low values; M. Harrower and C. A. Brewer (2003), "ColorBrewer.org", Cartographic Journal 40:27.
const BLUE_RED: [Rgb; 11] = [
    0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582, 0xd6604d, 0xb2182b,
    0x67001f,
];

/// M. Okabe and K. Ito (2008), "Color Universal Design", with dark grey for black and a darker yellow, last.
pub(crate) const SERIES: [Rgb; 8] =
    [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x333333, 0xc9b800];

pub(crate) const OK: Rgb = SERIES[0];
pub(crate) const FAILED: Rgb = SERIES[1];
/// Cells without a value, and the hatching over them.
pub(crate) const NOTHING: Rgb = 0xf0f0f0;
/// The same where hatching would be finer than the eye.
pub(crate) const PLAIN_NOTHING: Rgb = 0xd4d4d4;
pub(crate) const HATCH: Rgb = 0xa8a8a8;

/// From values to 256 colours.
#[derive(Clone, Debug)]
pub(crate) struct ColourScale {
    pub axis: Axis,
    diverging: bool,
    /// One colour between neighbours of these, which the colour bar names; continuous without.
    pub steps: Option<Ticks>,
}

impl ColourScale {
    /// A scale over finite values `lo..=hi`, from dark to light.
    pub fn sequential(label: String, lo: f64, hi: f64, log: bool) -> ColourScale {
        ColourScale { axis: Axis::numbers(label, lo, hi, log), diverging: false, steps: None }
    }

    /// As [`ColourScale::sequential`], but white at zero where both signs matter: the smaller side has at least a third of the
    /// larger one. For areas only: pale dots could not be seen.
    pub fn new(label: String, lo: f64, hi: f64, log: bool) -> ColourScale {
        let most = hi.max(-lo);
        let diverging = !log && lo < 0.0 && hi > 0.0 && hi.min(-lo) >= most / 3.0;
        let (lo, hi) = if diverging { (-most, most) } else { (lo, hi) };
        ColourScale { axis: Axis::numbers(label, lo, hi, log), diverging, steps: None }
    }

    /// The number of a value's colour.
    pub fn level(&self, v: f64) -> u8 {
        (self.axis.at(v) * 255.0).round() as u8
    }

    /// Divided at about `wanted` round values.
    pub fn stepped(mut self, wanted: usize) -> ColourScale {
        let mut ticks = self.axis.ticks(wanted, &|ticks| ticks.len() <= 2 * wanted);
        ticks.ticks.retain(|tick| tick.label.is_some());
        self.steps = Some(ticks);
        self
    }

    pub fn colour(&self, level: u8) -> Rgb {
        let place = f64::from(level) / 255.0;
        match &self.steps {
            None => self.at_place(place),
            Some(steps) => {
                let places: Vec<f64> = steps.ticks.iter().map(|tick| self.axis.at(tick.value)).collect();
                let band = places.partition_point(|step| *step <= place);
                self.at_place(band_middle(&places, band))
            }
        }
    }

    /// The colour of a band between steps: 0 is below the first.
    pub fn band(&self, band: usize) -> Rgb {
        let steps = self.steps.iter().flat_map(|steps| &steps.ticks);
        let places: Vec<f64> = steps.map(|tick| self.axis.at(tick.value)).collect();
        self.at_place(band_middle(&places, band))
    }

    fn at_place(&self, place: f64) -> Rgb {
        if !self.diverging {
            return VIRIDIS[(place * 255.0).round() as u8 as usize];
        }
        let place = place * 10.0;
        let from = (place as usize).min(9);
        mix(BLUE_RED[from], BLUE_RED[from + 1], place - from as f64)
    }
}

/// The middle of a band between places from 0 to 1.
fn band_middle(places: &[f64], band: usize) -> f64 {
    let below = band.checked_sub(1).and_then(|i| places.get(i)).copied().unwrap_or(0.0);
    let above = places.get(band).copied().unwrap_or(1.0);
    ((below + above) / 2.0).clamp(0.0, 1.0)
}

/// `part` of the way from one colour to another.
pub(crate) fn mix(a: Rgb, b: Rgb, part: f64) -> Rgb {
    let channel = |shift: u32| {
        let (a, b) = (f64::from(a >> shift & 0xff), f64::from(b >> shift & 0xff));
        ((a + (b - a) * part).round() as Rgb) << shift
    };
    channel(16) | channel(8) | channel(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lightness of CIELAB (1976), 0 to 100.
    fn lightness(colour: Rgb) -> f64 {
        let linear = |shift: u32| {
            let c = f64::from(colour >> shift & 0xff) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        let y = 0.2126 * linear(16) + 0.7152 * linear(8) + 0.0722 * linear(0);
        if y > 0.008_856 { 116.0 * y.cbrt() - 16.0 } else { 903.3 * y }
    }

    #[test]
    fn the_scale_gets_lighter_evenly() {
        let steps: Vec<f64> = VIRIDIS.windows(2).map(|w| lightness(w[1]) - lightness(w[0])).collect();
        let mean = steps.iter().sum::<f64>() / 255.0;
        assert!(mean > 0.25, "{mean}");
        assert!(steps.iter().all(|s| (s - mean).abs() < 0.6), "a jump in lightness");
    }

    #[test]
    fn a_scale_diverges_only_around_a_zero_that_means_something() {
        let colours = |lo, hi| {
            let scale = ColourScale::new(String::new(), lo, hi, false);
            (scale.colour(0), scale.colour(scale.level(0.0)), scale.colour(255))
        };
        assert_eq!(colours(-1.0, 2.0).0, BLUE_RED[0]);
        assert_eq!(colours(-1.0, 2.0).2, BLUE_RED[10]);
        assert!(lightness(colours(-1.0, 2.0).1) > 95.0, "zero is white");
        assert_eq!(colours(-0.1, 2.0).0, VIRIDIS[0]);
        assert_eq!(colours(0.0, 2.0).0, VIRIDIS[0]);
    }

    #[test]
    fn values_outside_get_the_colour_of_the_end() {
        let scale = ColourScale::new(String::new(), 1.0, 2.0, false);
        assert_eq!((scale.level(-9.0), scale.level(9.0)), (0, 255));
    }
}
