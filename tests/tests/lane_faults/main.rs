//! What clusters do to a running copy: refused records, lost answers, denied topics, leaders that move, brokers that go,
//! logs that lose records, instances that compete (hermetic: in-process clusters that fail on demand).

mod brokers;
mod control;
mod ground;
mod refusals;
mod source_logs;
mod transactions;
