//! The files people write, read with a place for every field.
