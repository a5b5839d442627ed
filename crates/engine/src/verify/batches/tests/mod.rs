mod cases;
mod ground;
mod random;
