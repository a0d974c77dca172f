//! A design that is ready: its points by index, and what it says of itself.

/// A prepared design. Everything is a pure function of the arguments.
pub trait Sampler: Send + Sync {
    /// How many points it has: as many as were asked for, or its own number. At least 1.
    fn points(&self) -> u64;

    /// A coordinate of a point, within [`reach`](Sampler::reach); `index` is below the number of points, `dimension` below
    /// that of dimensions.
    fn coordinate(&self, index: u64, dimension: usize) -> f64;

    /// All coordinates of a point, where that is cheaper than one by one; `out` has one place for each dimension.
    fn fill(&self, index: u64, out: &mut [f64]) {
        for (dimension, coordinate) in out.iter_mut().enumerate() {
            *coordinate = self.coordinate(index, dimension);
        }
    }

    /// The points from `first` on, row by row, as many as `out` has room for; `dimensions` is the design's own number.
    fn block(&self, first: u64, dimensions: usize, out: &mut [f64]) {
        for (row, point) in out.chunks_exact_mut(dimensions).enumerate() {
            self.fill(first + row as u64, point);
        }
    }

    /// Where coordinates may lie.
    fn reach(&self) -> Reach {
        Reach::Inside
    }

    /// What the method knows of this design: its resolution, its aliases, its efficiency. What can be measured on the points
    /// of any design (discrepancy, distances) is added by [`Space::designs`](crate::Space::designs).
    fn properties(&self) -> Vec<Property> {
        Vec::new()
    }

    /// What it costs to find a point.
    fn access(&self) -> Access {
        Access::Constant
    }
}

/// Where the coordinates of a design lie. Distributions without an end have no value at 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// Between 0 and 1, practically never at an end.
    Inside,
    /// From 0 on, below 1.
    WithZero,
    /// From 0 to 1, both included.
    WithEnds,
    /// From the first to the second, which lie below 0 and above 1. Ranges are continued in a straight line, and other
    /// distributions are refused.
    Beyond(f64, f64),
}

/// What it costs to find a point of a design, given its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Always the same.
    Constant,
    /// In proportion to the digits of the index.
    Logarithmic,
    /// All points were made when the design was prepared, and are kept: with the reason, which fits "kept in memory, because …".
    Kept(&'static str),
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Access::Constant => f.write_str("computed from its index, in constant time"),
            Access::Logarithmic => {
                f.write_str("computed from its index, in time proportional to the digits of the index")
            }
            Access::Kept(why) => write!(f, "kept in memory, because {why}"),
        }
    }
}

/// Something that is known of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// A few words, lower case: "centred discrepancy".
    pub name: &'static str,
    pub value: PropertyValue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PropertyValue {
    /// A number without a unit.
    Number(f64),
    Text(String),
    /// Lines, such as the aliases of a fraction.
    List(Vec<String>),
}

impl Property {
    pub fn number(name: &'static str, value: f64) -> Property {
        Property { name, value: PropertyValue::Number(value) }
    }

    pub fn text(name: &'static str, value: impl Into<String>) -> Property {
        Property { name, value: PropertyValue::Text(value.into()) }
    }

    pub fn list(name: &'static str, lines: Vec<String>) -> Property {
        Property { name, value: PropertyValue::List(lines) }
    }
}
