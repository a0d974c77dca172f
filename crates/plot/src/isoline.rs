//! Lines and areas of equal value on a grid of points.
//!
//! Marching squares after W. E. Lorensen and H. E. Cline (1987), "Marching cubes", Computer Graphics 21:163, in the plane.
//! A cell in which both diagonals disagree could be joined in two ways; it is divided into four triangles around its mean,
//! which leaves one. Areas are outlined without the borders of cells, so that no seam shows between them.

use std::collections::BTreeMap;

/// Values at the crossings of columns and rows; a value that is not finite makes a hole.
pub(crate) struct Grid<'a> {
    /// Places of the columns, ascending or descending, and of the rows.
    pub x: &'a [f64],
    pub y: &'a [f64],
    /// Row by row.
    pub values: &'a [f64],
}

type Point = [f64; 2];
type Piece = Vec<(Point, f64)>;
/// A point as two whole numbers, so that what is equal up to rounding meets.
type Key = (i64, i64);

impl Grid<'_> {
    /// The cells whose corners all have a value, where needed in triangles.
    fn pieces(&self) -> impl Iterator<Item = Piece> {
        let n = self.x.len();
        let rows = self.y.len().saturating_sub(1);
        (0..rows).flat_map(move |j| (0..n.saturating_sub(1)).map(move |i| (i, j))).flat_map(|(i, j)| {
            let corner = |i: usize, j: usize| ([self.x[i], self.y[j]], self.values[j * self.x.len() + i]);
            let corners = [corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
            if !corners.iter().all(|(_, v)| v.is_finite()) {
                return Vec::new();
            }
            let [a, b, c, d] = corners.map(|(_, v)| v);
            if a.min(c) <= b.max(d) && b.min(d) <= a.max(c) {
                return vec![corners.to_vec()];
            }
            let middle = corners.iter().fold([0.0; 2], |m, (p, _)| [m[0] + p[0] / 4.0, m[1] + p[1] / 4.0]);
            let centre = (middle, a / 4.0 + b / 4.0 + c / 4.0 + d / 4.0);
            (0..4).map(|k| vec![corners[k], corners[(k + 1) % 4], centre]).collect()
        })
    }

    /// The lines on which the value is `level`.
    pub fn lines(&self, level: f64) -> Vec<Vec<Point>> {
        let mut segments = Vec::new();
        for piece in self.pieces() {
            let mut ends = edges(&piece).filter(|(p, q)| (p.1 >= level) != (q.1 >= level));
            if let (Some(a), Some(b)) = (ends.next(), ends.next()) {
                segments.push((crossing(a.0, a.1, level), crossing(b.0, b.1, level)));
            }
        }
        // A line that ends is followed from its end; one that closes from anywhere.
        let mut links = Links::default();
        for (a, b) in segments {
            links.add(a, b);
            links.add(b, a);
        }
        let mut lines = Vec::new();
        let ends: Vec<Key> = links.next.iter().filter(|(_, to)| to.len() == 1).map(|(key, _)| *key).collect();
        for key in ends {
            lines.extend(links.follow(key, true));
        }
        while let Some(key) = links.any() {
            lines.extend(links.follow(key, true));
        }
        lines.into_iter().map(|line| straightened(line, false)).collect()
    }

    /// The outlines of where the value is at least `level`; holes run the other way round.
    pub fn at_least(&self, level: f64) -> Vec<Vec<Point>> {
        let mut links = Links::default();
        for piece in self.pieces() {
            let mut inside: Vec<Point> = Vec::new();
            for (p, q) in edges(&piece) {
                if p.1 >= level {
                    inside.push(p.0);
                }
                if (p.1 >= level) != (q.1 >= level) {
                    inside.push(crossing(p, q, level));
                }
            }
            inside.dedup_by_key(|p| key(*p));
            while inside.len() > 1 && inside.first().map(|p| key(*p)) == inside.last().map(|p| key(*p)) {
                inside.pop();
            }
            for (i, a) in inside.iter().enumerate().filter(|_| inside.len() > 2) {
                let b = inside[(i + 1) % inside.len()];
                // The border between two pieces is walked in both directions, and belongs to no outline.
                if !links.remove(b, *a) {
                    links.add(*a, b);
                }
            }
        }
        let mut outlines = Vec::new();
        while let Some(key) = links.any() {
            outlines.extend(links.follow(key, false));
        }
        outlines.into_iter().map(|line| straightened(line, true)).filter(|line| line.len() > 2).collect()
    }
}

fn edges(piece: &Piece) -> impl Iterator<Item = ((Point, f64), (Point, f64))> {
    (0..piece.len()).map(|i| (piece[i], piece[(i + 1) % piece.len()]))
}

/// Where an edge has the level: the same from both sides.
fn crossing(p: (Point, f64), q: (Point, f64), level: f64) -> Point {
    let (low, high) = if p.1 < q.1 { (p, q) } else { (q, p) };
    // Quarters, because the whole may overflow.
    let part = ((level / 4.0 - low.1 / 4.0) / (high.1 / 4.0 - low.1 / 4.0)).clamp(0.0, 1.0);
    [0, 1].map(|k| low.0[k] + (high.0[k] - low.0[k]) * part)
}

fn key(p: Point) -> Key {
    ((p[0] * 1e3).round() as i64, (p[1] * 1e3).round() as i64)
}

/// Steps from point to point.
#[derive(Default)]
struct Links {
    next: BTreeMap<Key, Vec<Point>>,
    places: BTreeMap<Key, Point>,
}

impl Links {
    fn add(&mut self, from: Point, to: Point) {
        if key(from) != key(to) {
            self.places.entry(key(from)).or_insert(from);
            self.next.entry(key(from)).or_default().push(to);
        }
    }

    fn remove(&mut self, from: Point, to: Point) -> bool {
        let Some(steps) = self.next.get_mut(&key(from)) else { return false };
        let Some(at) = steps.iter().position(|step| key(*step) == key(to)) else { return false };
        steps.swap_remove(at);
        if steps.is_empty() {
            self.next.remove(&key(from));
        }
        true
    }

    fn any(&self) -> Option<Key> {
        self.next.keys().next().copied()
    }

    /// Walks until nothing goes on, and takes away what was walked; `both`: also in the other direction.
    fn follow(&mut self, start: Key, both: bool) -> Option<Vec<Point>> {
        let mut at = *self.places.get(&start)?;
        let mut line = vec![at];
        while let Some(to) = self.next.get(&key(at)).and_then(|steps| steps.last().copied()) {
            self.remove(at, to);
            if both {
                self.remove(to, at);
            }
            line.push(to);
            at = to;
        }
        (line.len() > 1).then_some(line)
    }
}

/// Without the points that lie on a straight line between their neighbours.
fn straightened(line: Vec<Point>, closed: bool) -> Vec<Point> {
    let mut out: Vec<Point> = Vec::with_capacity(line.len());
    for p in line {
        while let [.., a, b] = out.as_slice()
            && on_the_way(*a, *b, p)
        {
            out.pop();
        }
        out.push(p);
    }
    if closed && out.len() > 1 && out.first().map(|p| key(*p)) == out.last().map(|p| key(*p)) {
        out.pop();
    }
    out
}

fn on_the_way(a: Point, b: Point, c: Point) -> bool {
    let (u, v) = ([b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]);
    let area = (u[0] * v[1] - u[1] * v[0]).abs();
    let along = u[0] * v[0] + u[1] * v[1];
    along >= 0.0 && area <= 0.01 * (u[0].hypot(u[1]) + v[0].hypot(v[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(outlines: &[Vec<Point>]) -> f64 {
        let of = |line: &Vec<Point>| {
            (0..line.len())
                .map(|i| (line[i], line[(i + 1) % line.len()]))
                .map(|(a, b)| a[0] * b[1] - a[1] * b[0])
                .sum::<f64>()
        };
        outlines.iter().map(of).sum::<f64>() / 2.0
    }

    /// `f` on a grid of `n` points a side over 100 × 100 pixels.
    fn on_grid<R>(n: usize, f: impl Fn(f64, f64) -> f64, then: impl Fn(&Grid) -> R) -> R {
        let places: Vec<f64> = (0..n).map(|i| i as f64 / (n - 1) as f64 * 100.0).collect();
        let values: Vec<f64> = (0..n * n).map(|k| f(places[k % n], places[k / n])).collect();
        then(&Grid { x: &places, y: &places, values: &values })
    }

    #[test]
    fn a_cone_has_circles() {
        let cone = |x: f64, y: f64| -(x - 50.0).hypot(y - 50.0);
        on_grid(101, cone, |grid| {
            let lines = grid.lines(-30.0);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].iter().all(|[x, y]| ((x - 50.0).hypot(y - 50.0) - 30.0).abs() < 0.05));
            assert_eq!(key(lines[0][0]), key(lines[0][lines[0].len() - 1]), "closed");
            let inside = area(&grid.at_least(-30.0)).abs();
            assert!((inside - std::f64::consts::PI * 900.0).abs() < 10.0, "{inside}");
        });
    }

    #[test]
    fn a_ring_has_a_hole_that_runs_the_other_way() {
        let ring = |x: f64, y: f64| -((x - 50.0).hypot(y - 50.0) - 30.0).abs();
        on_grid(201, ring, |grid| {
            let outlines = grid.at_least(-5.0);
            assert_eq!(outlines.len(), 2);
            let ring = std::f64::consts::PI * (35.0f64.powi(2) - 25.0f64.powi(2));
            assert!((area(&outlines).abs() - ring).abs() < 10.0);
        });
    }

    #[test]
    fn everything_is_one_outline_without_the_borders_of_cells() {
        on_grid(
            20,
            |x, y| x + y,
            |grid| {
                let outlines = grid.at_least(f64::NEG_INFINITY);
                assert_eq!((outlines.len(), outlines[0].len()), (1, 4), "{outlines:?}");
                assert!((area(&outlines).abs() - 1e4).abs() < 1e-6);
                assert_eq!(grid.lines(100.0).len(), 1);
                assert_eq!(grid.lines(100.0)[0].len(), 2, "a straight line has two points");
            },
        );
    }

    #[test]
    fn saddles_are_joined_the_same_way_in_lines_and_areas() {
        let values = [1.0, 0.0, 0.0, 1.0];
        let side = [0.0, 100.0];
        let grid = Grid { x: &side, y: &side, values: &values };
        // The mean is a half: above it the corners are apart, below it they are joined.
        assert_eq!((grid.lines(0.6).len(), grid.at_least(0.6).len()), (2, 2));
        assert_eq!((grid.lines(0.4).len(), grid.at_least(0.4).len()), (2, 1));
    }

    #[test]
    fn holes_and_huge_values_do_no_harm() {
        let ugly = |x: f64, y: f64| match (x as usize / 10, y as usize / 10) {
            (3, 4) => f64::NAN,
            (5, _) => f64::MAX,
            (6, _) => f64::MIN,
            (i, j) => (i * j) as f64,
        };
        on_grid(11, ugly, |grid| {
            for level in [f64::MIN, -1.0, 0.0, 1.0, 20.0, f64::MAX] {
                let points = [grid.lines(level), grid.at_least(level)].concat().concat();
                assert!(points.iter().flatten().all(|v| (-1e-9..=100.000_001).contains(v)));
            }
        });
    }
}
