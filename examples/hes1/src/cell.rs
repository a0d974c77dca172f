//! The cell as a set of cubic voxels: a lattice with one voxel centred on the cell's centre, clipped to the sphere.

use crate::parameters::Parameters;

/// Where a voxel lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    Nucleus,
    Cytoplasm,
}

/// The voxels of a cell and who neighbours whom.
///
/// A voxel belongs to the cell if its centre does. A face without a neighbour reflects: in the table such a voxel is
/// its own neighbour, so that every voxel has six and a jump needs no test.
#[derive(Debug, Clone)]
pub struct Cell {
    neighbours: Vec<[u32; 6]>,
    regions: Vec<Region>,
    promoter: u32,
}

impl Cell {
    /// Cuts the cell described by `parameters`, which must have been validated.
    pub fn new(parameters: &Parameters) -> Self {
        let h = parameters.voxel;
        let layers = (parameters.cell_radius / h).floor() as i32;
        let width = (2 * layers + 1) as usize;
        let place = |x: i32, y: i32, z: i32| {
            (((x + layers) as usize * width) + (y + layers) as usize) * width + (z + layers) as usize
        };
        let within = |x: i32, y: i32, z: i32, radius: f64| {
            let squares =
                f64::from(x) * f64::from(x) + f64::from(y) * f64::from(y) + f64::from(z) * f64::from(z);
            squares * h * h <= radius * radius
        };

        let mut index_at = vec![u32::MAX; width * width * width];
        let mut centres = Vec::new();
        for x in -layers..=layers {
            for y in -layers..=layers {
                for z in -layers..=layers {
                    if within(x, y, z, parameters.cell_radius) {
                        index_at[place(x, y, z)] = centres.len() as u32;
                        centres.push((x, y, z));
                    }
                }
            }
        }
        let lookup = |x: i32, y: i32, z: i32| {
            let outside = [x, y, z].iter().any(|c| c.abs() > layers);
            if outside { u32::MAX } else { index_at[place(x, y, z)] }
        };

        let neighbours = centres
            .iter()
            .enumerate()
            .map(|(own, &(x, y, z))| {
                let around = [
                    (x - 1, y, z),
                    (x + 1, y, z),
                    (x, y - 1, z),
                    (x, y + 1, z),
                    (x, y, z - 1),
                    (x, y, z + 1),
                ];
                around.map(|(x, y, z)| match lookup(x, y, z) {
                    u32::MAX => own as u32,
                    other => other,
                })
            })
            .collect();
        let regions: Vec<Region> = centres
            .iter()
            .map(|&(x, y, z)| match within(x, y, z, parameters.nucleus_radius) {
                true => Region::Nucleus,
                false => Region::Cytoplasm,
            })
            .collect();
        // The promoter sits on the x axis; rounding down towards the centre keeps it in the nucleus.
        let promoter = lookup((parameters.promoter_radius / h) as i32, 0, 0);
        Self { neighbours, regions, promoter }
    }

    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.regions.len()
    }

    /// Never: a cell holds at least its central voxel.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// The voxel with the gene.
    pub fn promoter(&self) -> u32 {
        self.promoter
    }

    /// The region of a voxel.
    #[inline]
    pub fn region(&self, voxel: u32) -> Region {
        self.regions[voxel as usize]
    }

    /// The six neighbours of a voxel; itself where a face reflects.
    #[inline]
    pub fn neighbours(&self, voxel: u32) -> &[u32; 6] {
        &self.neighbours[voxel as usize]
    }

    /// The voxels of one region.
    pub fn voxels(&self, region: Region) -> Vec<u32> {
        (0..self.len() as u32).filter(|&v| self.region(v) == region).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voxels_fill_the_sphere_and_its_nucleus() {
        for voxel in [0.5, 0.75, 0.9, 1.0] {
            let cell = Cell::new(&Parameters { voxel, ..Parameters::default() });
            let volume = |radius: f64| 4.0 / 3.0 * std::f64::consts::PI * radius.powi(3);
            let filled = cell.len() as f64 * voxel.powi(3) / volume(7.5);
            assert!((filled - 1.0).abs() < 0.02, "cell at {voxel}: {filled}");
            let filled = cell.voxels(Region::Nucleus).len() as f64 * voxel.powi(3) / volume(3.0);
            assert!((filled - 1.0).abs() < 0.15, "nucleus at {voxel}: {filled}");
        }
    }

    #[test]
    fn neighbourhood_is_mutual_so_that_diffusion_has_a_uniform_equilibrium() {
        let cell = Cell::new(&Parameters { voxel: 1.5, ..Parameters::default() });
        for own in 0..cell.len() as u32 {
            for (face, &other) in cell.neighbours(own).iter().enumerate() {
                // Faces come in opposite pairs: 0 and 1, 2 and 3, 4 and 5.
                assert!(other == own || cell.neighbours(other)[face ^ 1] == own);
            }
        }
    }

    #[test]
    fn the_promoter_stays_in_the_nucleus() {
        for promoter_radius in [0.0, 1.4, 2.9] {
            let cell = Cell::new(&Parameters { promoter_radius, voxel: 1.0, ..Parameters::default() });
            assert_eq!(cell.region(cell.promoter()), Region::Nucleus);
        }
        let centre = Cell::new(&Parameters::default());
        assert_eq!(centre.promoter() as usize, centre.len() / 2);
    }
}
