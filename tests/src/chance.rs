/// Numbers that look like chance and are the same each time.
pub struct Chance(pub u64);

impl Chance {
    /// The next one, from 0 on and below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
