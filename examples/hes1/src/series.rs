//! The time series of a run: what is sampled, and its CSV form.

use std::io::{self, Write};

use serde::Serialize;

/// The state at one time: molecules by region, and whether the promoter is occupied.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// Minutes since the start.
    pub time: f64,
    pub mrna_nucleus: u32,
    pub mrna_cytoplasm: u32,
    /// Free proteins in the nucleus; the one that occupies the promoter is not among them.
    pub protein_nucleus: u32,
    pub protein_cytoplasm: u32,
    /// Whether a protein occupies the promoter.
    pub occupied: bool,
}

impl Sample {
    /// Free proteins in the whole cell.
    pub fn protein(&self) -> u32 {
        self.protein_nucleus + self.protein_cytoplasm
    }

    /// mRNAs in the whole cell.
    pub fn mrna(&self) -> u32 {
        self.mrna_nucleus + self.mrna_cytoplasm
    }
}

/// Equidistant samples from time 0 on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series(pub Vec<Sample>);

impl Series {
    /// The samples at `warmup` minutes and later.
    pub fn after(&self, warmup: f64) -> &[Sample] {
        let first = self.0.partition_point(|s| s.time < warmup);
        &self.0[first..]
    }

    /// Writes the series as CSV with one header line.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        writeln!(
            out,
            "time,mrna_nucleus,mrna_cytoplasm,protein_nucleus,protein_cytoplasm,promoter_occupied"
        )?;
        for s in &self.0 {
            writeln!(
                out,
                "{},{},{},{},{},{}",
                s.time,
                s.mrna_nucleus,
                s.mrna_cytoplasm,
                s.protein_nucleus,
                s.protein_cytoplasm,
                u8::from(s.occupied)
            )?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_has_a_header_and_a_line_per_sample() {
        let sample = Sample {
            time: 0.5,
            mrna_nucleus: 1,
            mrna_cytoplasm: 2,
            protein_nucleus: 3,
            protein_cytoplasm: 4,
            occupied: true,
        };
        let mut out = Vec::new();
        Series(vec![sample]).write_csv(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "time,mrna_nucleus,mrna_cytoplasm,protein_nucleus,protein_cytoplasm,promoter_occupied\n0.5,1,2,3,4,1\n"
        );
    }
}
