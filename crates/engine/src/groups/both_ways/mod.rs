//! Groups of a pair of tasks that copies both ways (docs/adr/0017): one that has read on one side reads on at the other, where the
//! same records stand in another order.
//!
//! * [`Pair`]: the other task of the pair, and what it has copied.
//! * `place`: the rule, by the maps of both tasks, and by what is stored where they say nothing.
//! * `proof`: the next record of each side's own, read on both sides.
//! * [`Whereabouts`]: on which side a group is, so that what one task committed is not moved back by the other.

mod log;
mod pair;
mod place;
mod proof;
mod resolve;
mod stored;
#[cfg(test)]
mod tests;
mod whereabouts;

pub(crate) use pair::Pair;
pub(crate) use proof::prove_both_ways;
pub(crate) use resolve::resolve_both_ways;
pub(crate) use whereabouts::Whereabouts;
