mod cases;
mod compacted_pairs;
mod ground;
mod pairs;
mod random;
