//! Models that are linear in their coefficients: a constant, main effects, products of two, squares.

/// Which terms a model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Linear,
    Interactions,
    Quadratic,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Linear => "linear",
            Kind::Interactions => "interactions",
            Kind::Quadratic => "quadratic",
        }
    }

    pub fn least_levels(self) -> i64 {
        if self == Kind::Quadratic { 3 } else { 2 }
    }
}

/// The terms over some parameters, coded from −1 to 1.
#[derive(Clone, Debug)]
pub(super) struct Model {
    parameters: usize,
    /// Each a product of up to two parameters, which may be the same.
    terms: Vec<(Option<usize>, Option<usize>)>,
    /// The terms that each parameter is in.
    of_parameter: Vec<Vec<usize>>,
}

impl Model {
    /// `None` if there are more terms than `most`.
    pub fn new(kind: Kind, parameters: usize, most: usize) -> Option<Model> {
        if parameters >= most {
            return None;
        }
        let mut terms = vec![(None, None)];
        terms.extend((0..parameters).map(|a| (Some(a), None)));
        if kind != Kind::Linear {
            let pairs = parameters * (parameters - 1) / 2;
            if terms.len() + pairs > most {
                return None;
            }
            terms.extend((0..parameters).flat_map(|a| (a + 1..parameters).map(move |b| (Some(a), Some(b)))));
        }
        if kind == Kind::Quadratic {
            terms.extend((0..parameters).map(|a| (Some(a), Some(a))));
        }
        let contains = |parameter: usize| {
            let terms = terms.iter().enumerate();
            terms.filter(|(_, (a, b))| [*a, *b].contains(&Some(parameter))).map(|(place, _)| place).collect()
        };
        let of_parameter = (0..parameters).map(contains).collect();
        (terms.len() <= most).then_some(Model { parameters, terms, of_parameter })
    }

    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// How many terms there are.
    pub fn terms(&self) -> usize {
        self.terms.len()
    }

    /// The values of all terms at a point.
    pub fn row(&self, point: &[f64]) -> Vec<f64> {
        let factor = |parameter: Option<usize>| parameter.map_or(1.0, |parameter| point[parameter]);
        self.terms.iter().map(|(a, b)| factor(*a) * factor(*b)).collect()
    }

    /// The terms that a parameter is in, with what they change by when it goes from its place in `point` to `to`.
    pub fn changes<'a>(
        &'a self,
        point: &'a [f64],
        parameter: usize,
        to: f64,
    ) -> impl Iterator<Item = (usize, f64)> + 'a {
        let from = point[parameter];
        self.of_parameter[parameter].iter().map(move |place| {
            let change = match self.terms[*place] {
                (Some(a), Some(b)) if a == b => to * to - from * from,
                (Some(a), Some(b)) => (to - from) * point[if a == parameter { b } else { a }],
                _ => to - from,
            };
            (*place, change)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_counted_and_change_as_their_values_do() {
        let terms = |kind, k| Model::new(kind, k, 500).map(|model| model.terms());
        assert_eq!(
            [Kind::Linear, Kind::Interactions, Kind::Quadratic].map(|k| terms(k, 4)),
            [Some(5), Some(11), Some(15)]
        );
        assert_eq!((terms(Kind::Quadratic, 30), terms(Kind::Linear, 500)), (Some(496), None));
        assert_eq!(terms(Kind::Quadratic, 31), None);
        let model = Model::new(Kind::Quadratic, 3, 500).unwrap();
        let (before, after) = ([0.5, -1.0, 0.25], [0.5, 0.75, 0.25]);
        let mut row = model.row(&before);
        for (place, change) in model.changes(&before, 1, 0.75) {
            row[place] += change;
        }
        assert_eq!(row, model.row(&after));
    }
}
