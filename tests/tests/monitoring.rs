//! What a person sees of a task that runs: delay, state, charts, ceilings, log, gaps, quarantine (hermetic: the application
//! on in-process clusters that fail on demand).

#[path = "monitoring/health.rs"]
mod health;
#[path = "monitoring/numbers.rs"]
mod numbers;
#[path = "monitoring/records.rs"]
mod records;
#[path = "monitoring/rests.rs"]
mod rests;
