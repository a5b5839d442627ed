mod cases;
mod ground;
mod pairs;
mod random;
