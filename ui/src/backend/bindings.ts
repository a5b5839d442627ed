// Generated from the Rust types; `make bindings` writes it, and a test fails when it is stale.

/**
 * What a pairing of clusters cannot carry, or what a cleaner removed: known, and no fault of the copy.
 */
export type Accepted = "headers_not_carried" | "timestamp_by_target" | "no_timestamp_at_source" | "compacted" | "replayed" | "discarded";

/**
 * The history of messages, the newest first.
 */
export type AlertHistoryQuery = { 
/**
 * Only about this task (name or id).
 */
task: string | null, 
/**
 * Only `sent`, `suppressed` or `undeliverable` ones.
 */
state: string | null, 
/**
 * Only those that contain this.
 */
text: string | null, 
/**
 * Only those not before this, in ms since 1970.
 */
from_ms: number | null, 
/**
 * Only those before this, in ms since 1970.
 */
to_ms: number | null, 
/**
 * Only those older than this row.
 */
before_id: number | null, 
/**
 * How many at most; 500 if not said.
 */
limit: number | null, };

/**
 * A message that was sent, suppressed, or could not be delivered.
 */
export type AlertView = { 
/**
 * Greater for later ones.
 */
id: number, 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * The task; empty for a test.
 */
task_id: string, 
/**
 * Its name at the time.
 */
task_name: string, 
/**
 * The rule's name at the time.
 */
rule_name: string, 
/**
 * `raised`, `recovered` or `test`.
 */
kind: string, 
/**
 * The channel's name at the time.
 */
channel_name: string, 
/**
 * `sent`, `suppressed` or `undeliverable`.
 */
state: string, 
/**
 * One line.
 */
title: string, 
/**
 * What happened and what to do.
 */
body: string, 
/**
 * Why it was not delivered.
 */
detail: string | null, };

/**
 * What went wrong, for the person before the shell.
 */
export type AppError = { 
/**
 * What a shell can act on.
 */
code: ErrorCode, 
/**
 * What happened and what to do.
 */
message: string, 
/**
 * Wrong fields of the input.
 */
fields: Array<FieldError>, 
/**
 * Whether the same command may succeed later without a change.
 */
retryable: boolean, };

/**
 * What a shell receives without asking. A shell that subscribes late asks for a snapshot first: see [`App::subscribe`].
 *
 * [`App::subscribe`]: crate::App::subscribe
 */
export type AppEvent = { "kind": "task_state", 
/**
 * Which.
 */
task_id: TaskId, 
/**
 * The new state.
 */
state: TaskState, 
/**
 * Why, where a person should know.
 */
reason: string | null, } | { "kind": "task_progress", 
/**
 * All of them.
 */
snapshot: TaskSnapshot, } | { "kind": "tasks_changed" } | { "kind": "sources_changed" } | { "kind": "source_test_step", 
/**
 * Which data source; none for one that is not saved.
 */
source_id: SourceId | null, 
/**
 * The step, as in the test's report.
 */
step: unknown, } | { "kind": "pre_check_item", 
/**
 * Which task.
 */
task_id: TaskId, 
/**
 * The item, as in the pre-check's report.
 */
item: unknown, } | { "kind": "verification_progress", 
/**
 * Which task.
 */
task_id: TaskId, 
/**
 * Share of the records, 0 to 100.
 */
percent: number, } | { "kind": "verification_ended", 
/**
 * Which task.
 */
task_id: TaskId, } | { "kind": "alert", 
/**
 * Which task.
 */
task_id: string, 
/**
 * One line.
 */
title: string, 
/**
 * What happened and what to do.
 */
body: string, } | { "kind": "resync" };

/**
 * What this program is.
 */
export type AppInfo = { 
/**
 * Version.
 */
version: string, 
/**
 * The folder with everything that is kept.
 */
data_dir: string, 
/**
 * Where secrets are kept.
 */
secrets: SecretLevel, 
/**
 * Whether this program runs tasks.
 */
runs_tasks: boolean, };

/**
 * What this program is.
 */
export type AppInfoQuery = Record<symbol, never>;

/**
 * A broker as the cluster advertises it, and whether it answers from here.
 */
export type BrokerFacts = { 
/**
 * Node id.
 */
id: number, 
/**
 * Advertised host.
 */
host: string, 
/**
 * Advertised port.
 */
port: number, 
/**
 * A connection to it was accepted.
 */
reachable: boolean, };

/**
 * A change of a task's topics.
 */
export type ChangeView = { 
/**
 * Greater for later ones.
 */
id: number, 
/**
 * When it began, in ms since 1970.
 */
at_ms: number, 
/**
 * The settings before.
 */
before: unknown, 
/**
 * The settings after.
 */
after: unknown, 
/**
 * `running`, `done` or `failed`.
 */
status: string, 
/**
 * What came of it.
 */
detail: string | null, 
/**
 * When it ended, in ms since 1970.
 */
ended_ms: number | null, };

/**
 * Where messages go. Secrets are kept apart, in [`ChannelSecrets`].
 */
export type ChannelConfig = { "kind": "desktop" } | { "kind": "webhook", 
/**
 * The address; only its scheme and host after [`ChannelConfig::take_secrets`].
 */
url: string, 
/**
 * What the receiver understands.
 */
format: WebhookFormat, 
/**
 * Further headers; an empty value is among the secrets.
 */
headers: { [key in string]: string }, 
/**
 * The certificate of a private authority, PEM; without it the system's authorities count.
 */
ca_pem: string | null, } | { "kind": "email", 
/**
 * The mail server.
 */
host: string, 
/**
 * Its port.
 */
port: number, 
/**
 * How the connection is protected.
 */
security: EmailSecurity, 
/**
 * Who logs in; `None` to send without a login.
 */
username: string | null, 
/**
 * The sender, as `a@b` or `Name <a@b>`.
 */
from: string, 
/**
 * The recipients, likewise.
 */
to: Array<string>, 
/**
 * The certificate of a private authority, PEM; without it the system's authorities count.
 */
ca_pem: string | null, };

/**
 * A channel as it was entered.
 */
export type ChannelInput = { 
/**
 * Id; empty for a new one.
 */
id: string, 
/**
 * Name, 1 to 24 characters.
 */
name: string, 
/**
 * Where messages go.
 */
config: ChannelConfig, 
/**
 * What must not be seen; what is not given stays.
 */
secrets: Record<string, unknown>, };

/**
 * Lists the channels.
 */
export type ChannelList = Record<symbol, never>;

/**
 * Adds a channel, or replaces the one of its id.
 */
export type ChannelPut = { 
/**
 * The channel.
 */
channel: ChannelInput, };

/**
 * Removes a channel that no rule uses.
 */
export type ChannelRemove = { 
/**
 * Id or name.
 */
channel: string, };

/**
 * Sends a message to a channel and waits for its delivery.
 */
export type ChannelTest = { 
/**
 * Id or name of a saved one.
 */
channel: string, };

/**
 * A channel as it may be seen.
 */
export type ChannelView = { 
/**
 * Id.
 */
id: string, 
/**
 * Name.
 */
name: string, 
/**
 * Where messages go.
 */
config: ChannelConfig, 
/**
 * Whether something that must not be seen is kept for it.
 */
has_secrets: boolean, };

/**
 * What a cluster tells of itself.
 */
export type ClusterFacts = { 
/**
 * Its id; `None` before 0.10.1.
 */
cluster_id: string | null, 
/**
 * Node id of the controller; `None` when the cluster does not tell.
 */
controller: number | null, 
/**
 * Its brokers by id.
 */
brokers: Array<BrokerFacts>, 
/**
 * How many topics this user may describe, internal ones included.
 */
topics: number, 
/**
 * How many partitions these have.
 */
partitions: number, 
/**
 * Kafka's version, guessed from the requests that a broker takes; `None` when it is not known.
 */
broker_version: string | null, };

/**
 * Compression of the records on their way to the target.
 */
export type Codec = "auto" | "none" | "gzip" | "snappy" | "lz4" | "zstd";

/**
 * What a rule watches a task for. Durations are in seconds.
 */
export type Condition = { "kind": "failed" } | { "kind": "abnormal_longer_than", 
/**
 * How long.
 */
seconds: number, } | { "kind": "delay_over", 
/**
 * The delay that is allowed.
 */
delay_seconds: number, 
/**
 * How long it must be exceeded without a break.
 */
for_seconds: number, } | { "kind": "stuck", 
/**
 * For how long.
 */
for_seconds: number, } | { "kind": "gap_found" } | { "kind": "record_quarantined" } | { "kind": "retention_risk", 
/**
 * How long before the deletion.
 */
horizon_seconds: number, } | { "kind": "completed" };

/**
 * A data source as pages see it: no secret, only which ones are kept.
 */
export type DataSource = { 
/**
 * Identifies it, whatever its name becomes.
 */
id: SourceId, 
/**
 * What the user entered.
 */
form: SourceForm, 
/**
 * The fields of [`crate::SourceSecrets`] that a secret is kept for.
 */
secret_fields: Array<string>, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When it was last changed, in milliseconds since 1970.
 */
updated_ms: number, };

/**
 * What a crash may do to the target.
 */
export type Delivery = "exactly-once" | "at-least-once";

/**
 * Starts the demonstration from the beginning: two clusters, a data source for each, and a task that is a draft. What is left of an
 * earlier one is removed, with every task that uses it.
 */
export type DemoStart = Record<symbol, never>;

/**
 * What the demonstration consists of.
 */
export type DemoStarted = { 
/**
 * The data source to copy from.
 */
source_id: SourceId, 
/**
 * The data source to copy to.
 */
target_id: SourceId, 
/**
 * The task between them, a draft.
 */
task_id: TaskId, };

/**
 * Ends the demonstration and removes its data sources, with every task that uses them.
 */
export type DemoStop = Record<symbol, never>;

/**
 * One difference, as an example of its kind.
 */
export type Difference = { 
/**
 * What differs.
 */
kind: DifferenceKind, 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Source offset, where there is a source record.
 */
source_offset: number | null, 
/**
 * Target offset, where there is a target record.
 */
target_offset: number | null, 
/**
 * Both sides in words, shortened.
 */
detail: string, };

/**
 * What differs between two records, or between two logs.
 */
export type DifferenceKind = "missing" | "extra" | "duplicate" | "order" | "null_empty" | "key" | "value" | "headers" | "timestamp" | "quarantined";

/**
 * How the connection to a mail server is protected.
 */
export type EmailSecurity = "none" | "starttls" | "tls";

/**
 * What a data source is for: a name and the colour that pages show it in.
 */
export type Environment = { 
/**
 * 1 to 16 characters.
 */
name: string, 
/**
 * `#rrggbb`.
 */
colour: string, };

/**
 * What a shell can act on. docs/errors.md has a section for each.
 */
export type ErrorCode = "invalid_input" | "not_found" | "ambiguous" | "state_forbids" | "task_limit" | "source_in_use" | "name_taken" | "cluster_unreachable" | "authentication_failed" | "refused" | "confirmation_needed" | "owned" | "secrets" | "storage" | "cancelled" | "internal";

/**
 * What to do with records that are in a target topic before the first launch.
 */
export type ExistingData = "stop" | "append" | "rewrite";

/**
 * A field of a form that cannot stay as it is.
 */
export type FieldError = { 
/**
 * The field's name, with dots for what lies inside, as `environment.colour`.
 */
field: string, 
/**
 * What is wrong and what would be right. Never the value of a secret.
 */
message: string, };

/**
 * What to do with chosen topics that this user may not read at the source.
 */
export type ForbiddenTopics = "stop" | "leave-out";

/**
 * Source offsets that can no longer be read.
 */
export type GapView = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * The first missing offset.
 */
from: number, 
/**
 * The offset behind the last missing one.
 */
to: number, 
/**
 * Why.
 */
reason: unknown, 
/**
 * When it was found, in ms since 1970.
 */
found_ms: number, };

/**
 * Records that are no longer there to compare.
 */
export type Gone = { 
/**
 * Where they are missing. Those that are gone on the target are still at the source.
 */
side: LogSide, 
/**
 * Their source offsets; more than records, where the log has holes.
 */
range: OffsetRange, 
/**
 * How many records, where they were read on the other side.
 */
records: number | null, 
/**
 * Why.
 */
reason: GoneReason, };

/**
 * Why records are no longer there to compare. What compaction removed is counted as [`Accepted::Compacted`].
 */
export type GoneReason = "retention_or_deletion" | "deletion" | "never_copied";

/**
 * A consumer group as the brokers list it.
 */
export type GroupListing = { 
/**
 * Its name.
 */
group: string, 
/**
 * The brokers' word for its state: `Stable`, `Empty`, `Dead`, `PreparingRebalance`, `CompletingRebalance`. Empty
 * where the broker says none.
 */
state: string, 
/**
 * Members at present.
 */
members: number, };

/**
 * How an item of the pre-check stands.
 */
export type ItemResult = "running" | "success" | "warning" | "failed";

/**
 * How to log in with Kerberos.
 */
export type KerberosSettings = { 
/**
 * The principal name brokers run as, without host and realm; `kafka` without one.
 */
service_name: string | null, 
/**
 * The client's principal.
 */
principal: string | null, 
/**
 * The file with the principal's keys.
 */
keytab: string | null, };

/**
 * How records travel from the source to the target.
 */
export type LaneChoice = "auto" | "wire" | "record";

/**
 * How long records take, over the last minute: from when the reader handed a record over to when the target's
 * acknowledgement of it was seen, or, where target transactions carry the records, the commit of its transaction.
 * What the record waited for in between counts: the speed limit, memory, records before it in its partition. One in 256
 * records is measured, and at least one of each batch that is read.
 */
export type Latency = { 
/**
 * Half of the records took at most this long, in ms.
 */
p50_ms: number, 
/**
 * 95 % took at most this long, in ms.
 */
p95_ms: number, 
/**
 * 99 % took at most this long, in ms.
 */
p99_ms: number, 
/**
 * 99.9 % took at most this long, in ms.
 */
p999_ms: number, 
/**
 * Records measured.
 */
samples: number, };

/**
 * One of the two logs of a partition.
 */
export type LogSide = "source" | "target";

/**
 * A line of a task's log.
 */
export type LogView = { 
/**
 * Greater for later ones.
 */
id: number, 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * `info`, `warning` or `error`.
 */
level: string, 
/**
 * What happened.
 */
message: string, 
/**
 * The source topic concerned.
 */
topic: string | null, 
/**
 * Its partition.
 */
partition: number | null, 
/**
 * The source offset.
 */
offset: number | null, };

/**
 * A point of charts.
 */
export type MetricPoint = { 
/**
 * Its beginning, in ms since 1970.
 */
ts: number, 
/**
 * Records read per second.
 */
read_rate: number, 
/**
 * Records acknowledged per second.
 */
write_rate: number, 
/**
 * Bytes read per second.
 */
read_bytes_rate: number, 
/**
 * Bytes acknowledged per second.
 */
write_bytes_rate: number, 
/**
 * Greatest delay in ms.
 */
delay_ms: number | null, 
/**
 * Greatest lag in records.
 */
lag_records: number | null, 
/**
 * Greatest lag in bytes of keys and values, estimated from the mean size of the records copied.
 */
lag_bytes: number | null, 
/**
 * Latency from reading to acknowledgement in ms: median, 95th, 99th and 99.9th percentile.
 */
p50_ms: number | null, 
/**
 * 95th percentile.
 */
p95_ms: number | null, 
/**
 * 99th percentile.
 */
p99_ms: number | null, 
/**
 * 99.9th percentile.
 */
p999_ms: number | null, };

/**
 * Points of charts.
 */
export type Metrics = { 
/**
 * Seconds that a point stands for.
 */
resolution_s: number, 
/**
 * The points, in order of time.
 */
points: Array<MetricPoint>, };

/**
 * Which timestamp a record gets on the target that has none at the source (written before 0.10).
 */
export type MissingTimestamps = "copy-time" | "previous";

/**
 * What is no longer there to compare, over all partitions.
 */
export type NoLongerThere = { 
/**
 * Copied source offsets that retention or DeleteRecords took from the source since.
 */
source_offsets: number, 
/**
 * Source offsets whose copies retention or DeleteRecords took from the target.
 */
target_offsets: number, 
/**
 * Source offsets that were gone before they were copied: the gap ledger.
 */
never_copied_offsets: number, 
/**
 * Superseded records that compaction removed on one side.
 */
compacted_records: number, };

/**
 * What could not be compared, over all partitions.
 */
export type NotCompared = { 
/**
 * Partitions that could not be compared to their end.
 */
partitions: number, 
/**
 * Source offsets.
 */
offsets: number, };

/**
 * What the task has to copy and has not copied.
 */
export type NotCopied = { 
/**
 * Source offsets from the position to the end of the log; more than records, where the log has holes.
 */
range: OffsetRange, 
/**
 * Records in it, without those that are held back; null where the range was too long to be read.
 */
records: number | null, 
/**
 * Offsets at the end of the range that cannot be copied yet, because a transaction is open.
 */
held_back: number, 
/**
 * Whether the task is copying the partition now.
 */
on_the_way: boolean, };

/**
 * What is not copied yet, over all partitions.
 */
export type NotCopiedTotal = { 
/**
 * Partitions that have such.
 */
partitions: number, 
/**
 * Source offsets; more than records, where logs have holes.
 */
offsets: number, 
/**
 * Records, without those that are held back; null where not all were counted.
 */
records: number | null, 
/**
 * Offsets that cannot be copied yet, because a transaction is open at the source.
 */
held_back: number, 
/**
 * Whether all of it belongs to partitions that are being copied now.
 */
on_the_way: boolean, };

/**
 * How to fetch tokens for OAUTHBEARER: OIDC with client credentials.
 */
export type OauthSettings = { 
/**
 * The URL tokens are fetched from.
 */
token_endpoint: string | null, 
/**
 * The client's public name.
 */
client_id: string | null, 
/**
 * The scope asked for, if the endpoint needs one.
 */
scope: string | null, };

/**
 * Which source topics a task copies.
 */
export type Objects = { "topics": Array<string> } | { "matching": { 
/**
 * Regular expression on the whole name; `.*` is all topics.
 */
include: string, 
/**
 * Regular expression on the whole name; wins over `include`.
 */
exclude: string | null, } };

/**
 * The offsets `from` (inclusive) to `to` (exclusive) of one partition.
 */
export type OffsetRange = { 
/**
 * First offset.
 */
from: number, 
/**
 * One past the last offset.
 */
to: number, };

/**
 * The operation log, the newest first.
 */
export type OperationQuery = { 
/**
 * Only this action, as `task_pause`.
 */
action: string | null, 
/**
 * Only on things of this kind: `source`, `task`, `rule`, `channel`, `setting`.
 */
object_kind: string | null, 
/**
 * Only on the thing of this id.
 */
object_id: string | null, 
/**
 * Only those that contain this.
 */
text: string | null, 
/**
 * Only those not before this, in ms since 1970.
 */
from_ms: number | null, 
/**
 * Only those before this, in ms since 1970.
 */
to_ms: number | null, 
/**
 * Only those older than this row.
 */
before_id: number | null, 
/**
 * How many at most; 500 if not said.
 */
limit: number | null, };

/**
 * Who did what, when, and how it came out.
 */
export type OperationView = { 
/**
 * Greater for later ones.
 */
id: number, 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * The user of this computer.
 */
actor: string, 
/**
 * What was done.
 */
action: string, 
/**
 * What kind of thing it was done to.
 */
object_kind: string, 
/**
 * Its id.
 */
object_id: string, 
/**
 * Its name at the time.
 */
object_name: string, 
/**
 * What it was.
 */
before: unknown, 
/**
 * What it was to be.
 */
after: unknown, 
/**
 * `ok`, `refused` or `failed`.
 */
outcome: string, 
/**
 * Why it was refused or failed.
 */
detail: string | null, };

/**
 * What to do when the source no longer has the record at a position (retention, DeleteRecords, truncation, a
 * topic that was deleted and created again) or does not have it yet.
 */
export type OutOfRange = "stop" | "nearest";

/**
 * What a partition is doing.
 */
export type PartitionCondition = "copying" | "caught_up" | "retrying" | "stopped";

/**
 * A partition of a topic.
 */
export type PartitionDetail = { 
/**
 * Number.
 */
partition: number, 
/**
 * Node id of its leader; none while there is none.
 */
leader: number | null, 
/**
 * How many replicas it has.
 */
replicas: number, 
/**
 * How many of them are in sync.
 */
in_sync: number, 
/**
 * First offset; none where the partition did not answer.
 */
start: number | null, 
/**
 * One past the last offset; none where the partition did not answer.
 */
end: number | null, };

/**
 * One partition's row.
 */
export type PartitionProgress = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Target topic.
 */
target_topic: string, 
/**
 * Partition number.
 */
partition: number, 
/**
 * What it is doing.
 */
condition: PartitionCondition, 
/**
 * First offset of the copy.
 */
start: number, 
/**
 * Next source offset to copy: everything before it is acknowledged by the target.
 */
position: number, 
/**
 * Target offset behind the last acknowledged record.
 */
target_next: number, 
/**
 * Oldest offset in the source; `None` before it is known.
 */
log_start: number | null, 
/**
 * Source end offset (everything, open transactions as well); `None` before it is known.
 */
end: number | null, 
/**
 * `end - position`, 0 when caught up; `None` before it is known.
 */
lag: number | null, 
/**
 * Age in ms of the oldest record that is not acknowledged, 0 when caught up; `None` before it is known.
 */
delay_ms: number | null, 
/**
 * Offsets held back because a transaction at the source is still open.
 */
held_by_transaction: number, 
/**
 * Whose transaction that is, as a sentence, once the brokers have returned it.
 */
held_by: string | null, 
/**
 * Records copied per second, over the last seconds.
 */
rate: number, 
/**
 * There is more to copy, neither a speed limit nor an open transaction holds it back, and the position has not moved
 * for a minute. Without a lag a partition is idle, which is something else.
 */
stuck: boolean, 
/**
 * When the position last moved, in ms since 1970, or this run began; `None` before the first snapshot.
 */
still_since_ms: number | null, 
/**
 * Records copied in all.
 */
records: number, 
/**
 * Bytes of keys and values copied in all.
 */
bytes: number, 
/**
 * The current or last error.
 */
error: string | null, };

/**
 * One partition's result.
 */
export type PartitionReport = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Target topic.
 */
target_topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Source offsets compared.
 */
source_range: OffsetRange | null, 
/**
 * Target offsets compared.
 */
target_range: OffsetRange | null, 
/**
 * The source was read by the client that made the copy: it begins with records in a format that the other one
 * misreads.
 */
source_read_by_copier: boolean, 
/**
 * Records read at the source.
 */
source_records: number, 
/**
 * Records read on the target.
 */
target_records: number, 
/**
 * Of [`PartitionReport::equal_records`], those that were compared as whole stored batches: identical bytes. The
 * others were read by the clients that the report names.
 */
records_as_batches: number, 
/**
 * Digest over every field of every source record, in order; over the stored bytes of what was compared as whole
 * batches.
 */
source_digest: string, 
/**
 * The same of the target's records.
 */
target_digest: string, 
/**
 * Pairs equal in every field that counts.
 */
equal_records: number, 
/**
 * Differences by kind.
 */
differences: { [key in DifferenceKind]?: number }, 
/**
 * Accepted differences by kind.
 */
accepted: { [key in Accepted]?: number }, 
/**
 * Source ranges that can no longer be compared, with the reason: `gone` in words.
 */
not_checked: Array<[OffsetRange, string]>, 
/**
 * What is no longer there to compare.
 */
gone: Array<Gone>, 
/**
 * What is not copied yet.
 */
not_copied: NotCopied | null, 
/**
 * Source offsets that could not be compared because of `problem`.
 */
not_compared: OffsetRange | null, 
/**
 * Why the partition could not be compared to its end.
 */
problem: string | null, 
/**
 * Only what is newer than an earlier verification proved was compared.
 */
continued: boolean, 
/**
 * What a later verification can begin behind; none where anything was wrong, or not all was compared.
 */
proof: Proof | null, };

/**
 * Where a look begins.
 */
export type PeekFrom = "earliest" | "latest" | { "offset": number };

/**
 * A record, shortened to what a person can look at.
 */
export type PeekedRecord = { 
/**
 * Offset.
 */
offset: number, 
/**
 * Milliseconds since 1970; -1 when the record has no time.
 */
timestamp_ms: number, 
/**
 * Key; `None` for null.
 */
key: Array<number> | null, 
/**
 * Value; `None` for null (a tombstone).
 */
value: Array<number> | null, 
/**
 * Headers in their order; names that are not UTF-8 are shown with replacement characters.
 */
headers: Array<[string, Array<number> | null]>, 
/**
 * A part was cut at 64 KiB.
 */
truncated: boolean, };

/**
 * One item of the pre-check.
 */
export type PreCheckItem = { 
/**
 * Which item, as `target_data`. The same names as in [`crate::Finding`].
 */
id: string, 
/**
 * How it came out.
 */
result: ItemResult, 
/**
 * What was found, with names and numbers.
 */
cause: string, 
/**
 * What it would lead to; empty for Success.
 */
effect: string, 
/**
 * What to do about it; empty for Success.
 */
remedy: string, 
/**
 * From its beginning to its result, in ms.
 */
duration_ms: number, };

/**
 * Everything a pre-check found.
 */
export type PreCheckReport = { 
/**
 * The items, in a fixed order.
 */
items: Array<PreCheckItem>, 
/**
 * Whether no item failed and none was left out by a cancellation.
 */
may_start: boolean, 
/**
 * When it began, in ms since 1970.
 */
at_ms: number, 
/**
 * Fingerprint of the settings that were checked (see [`crate::settings_fingerprint`]): with another one the result
 * is void.
 */
settings: string, 
/**
 * The source's cluster id, where it is known.
 */
source_cluster_id: string | null, 
/**
 * The target's cluster id, where it is known.
 */
target_cluster_id: string | null, 
/**
 * How records would be delivered, where that is known.
 */
delivery: string | null, 
/**
 * Whether the task was launched before and would resume.
 */
resumes: boolean, 
/**
 * Each topic, where both clusters could be asked.
 */
routes: Array<RouteFacts>, };

/**
 * The outcome of a probe.
 */
export type ProbeReport = { 
/**
 * All steps, in their order.
 */
steps: Array<ProbeStep>, 
/**
 * The cluster can be used: no step failed, and none was left out by a cancellation.
 */
ok: boolean, 
/**
 * What the cluster answered; `None` when it was not reached.
 */
cluster: ClusterFacts | null, 
/**
 * IP addresses of this machine on the way to the brokers, for firewall rules.
 */
local_addresses: Array<string>, };

/**
 * How a step of a probe ended.
 */
export type ProbeResult = "success" | "warning" | "failed" | "skipped";

/**
 * One thing that was tried on the way to a cluster.
 */
export type ProbeStep = { 
/**
 * Which: one of [`PROBE_STEPS`](crate::PROBE_STEPS).
 */
id: string, 
/**
 * How it ended.
 */
result: ProbeResult, 
/**
 * How long it took, in ms.
 */
duration_ms: number, 
/**
 * What was found; for a failure the cause and what to do.
 */
message: string, };

/**
 * A partition that was compared from its first copied record up to a place, and was equal. It holds for these very
 * topics and this very log of the source.
 */
export type Proof = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Id of the source topic.
 */
source_topic_id: string, 
/**
 * Id of the target topic.
 */
target_topic_id: string, 
/**
 * Which of the source partition's logs since the launch it was.
 */
incarnation: number, 
/**
 * Behind the last source offset that was compared.
 */
source_to: number, 
/**
 * Behind the last target offset that was compared.
 */
target_to: number, 
/**
 * When it was proved, in ms since 1970.
 */
at_ms: number, };

/**
 * A record the target refused.
 */
export type QuarantineView = { 
/**
 * Stands for it.
 */
id: number, 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Source offset.
 */
offset: number, 
/**
 * What the target said.
 */
reason: string, 
/**
 * Bytes of key and value.
 */
size: number, 
/**
 * The record's timestamp, in ms since 1970.
 */
timestamp_ms: number, 
/**
 * When it was refused, in ms since 1970.
 */
at_ms: number, };

/**
 * Ceilings of a task's speed; `None` means no ceiling. They may be changed while it runs.
 */
export type RateLimits = { 
/**
 * Records per second.
 */
records_per_second: number | null, 
/**
 * Bytes of keys, values and headers per second.
 */
bytes_per_second: number | null, };

/**
 * The client that read a side for a verification.
 */
export type ReadBy = "wire" | "librdkafka";

/**
 * One search-and-replace rule on topic names.
 */
export type RegexRename = { 
/**
 * Regular expression, searched anywhere in the source name.
 */
pattern: string, 
/**
 * Replacement; `$1` or `${name}` stand for groups.
 */
replacement: string, };

/**
 * How source topic names become target topic names: an entry of `map` decides alone; otherwise the regex rules
 * apply in order, then prefix and suffix.
 */
export type Rename = { 
/**
 * Source name → target name.
 */
map: { [key in string]: string }, 
/**
 * Search-and-replace rules.
 */
regex: Array<RegexRename>, 
/**
 * Put before the name.
 */
prefix: string, 
/**
 * Put behind the name.
 */
suffix: string, };

/**
 * Where a replayed record stands now.
 */
export type ReplayedView = { 
/**
 * Target offset, if the target said it.
 */
target_offset: number | null, };

/**
 * One route's facts, for people and scripts.
 */
export type RouteFacts = { 
/**
 * Source topic.
 */
source_topic: string, 
/**
 * Target topic.
 */
target_topic: string, 
/**
 * Partitions at the source.
 */
partitions: number, 
/**
 * Partitions of the target topic; `None` when it will be created.
 */
target_partitions: number | null, 
/**
 * Offsets from the start positions to the end: the backlog, markers and compacted records counted.
 */
backlog: number, 
/**
 * Offsets in the target topic now; transaction markers and removed records count, so that there may be fewer records.
 */
target_records: number, 
/**
 * Where the copy of each partition begins.
 */
start: Record<string, number>, };

/**
 * What to watch for, on which tasks, and whom to tell.
 */
export type Rule = { 
/**
 * Identifies the rule.
 */
id: string, 
/**
 * Its name: 1 to 24 characters.
 */
name: string, 
/**
 * The only task it watches; `None` for every task.
 */
task_id: string | null, 
/**
 * What it watches for.
 */
condition: Condition, 
/**
 * The channels that are told.
 */
channel_ids: Array<string>, 
/**
 * Whether it is in force.
 */
enabled: boolean, 
/**
 * Whether it came with the program: such a rule cannot be changed or deleted.
 */
builtin: boolean, 
/**
 * Whether the end of the condition is told as well.
 */
notify_recovery: boolean, 
/**
 * How often, in seconds, a condition that still holds is told again; `None` for once.
 */
repeat_seconds: number | null, };

/**
 * Lists the rules.
 */
export type RuleList = Record<symbol, never>;

/**
 * Adds a rule, or replaces the one of its id.
 */
export type RulePut = { 
/**
 * The rule; with an empty id it is a new one.
 */
rule: Rule, };

/**
 * Removes a rule.
 */
export type RuleRemove = { 
/**
 * Id.
 */
id: string, };

/**
 * How a client logs in.
 */
export type SaslMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "OAUTHBEARER" | "GSSAPI";

/**
 * Where secrets are kept.
 */
export type SecretLevel = "keychain" | "file" | "session";

/**
 * Whether secrets can be kept and read now, and where.
 */
export type SecretsCheck = { 
/**
 * Wait 60 s for a keychain that asks its owner for a password, instead of 3 s.
 */
wait_for_owner: boolean, };

/**
 * Leaves a keychain that is gone for good: secrets are kept in a file from now on, and each has to be entered again.
 */
export type SecretsLeaveKeychain = Record<symbol, never>;

/**
 * How connections to brokers are secured.
 */
export type SecurityProtocol = "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";

/**
 * Sets a setting: `max_tasks` (1 to 10000), `log_days` (1 to 365), `give_up_after_minutes` (1 to 10080),
 * `resume_after_restart`, `language`, `quiet_hours`, and whatever begins with `page.`, which is the page's own.
 */
export type SettingSet = { 
/**
 * Name.
 */
key: string, 
/**
 * Value.
 */
value: unknown, };

/**
 * All settings that were ever set.
 */
export type SettingsQuery = Record<symbol, never>;

/**
 * Settings by name.
 */
export type SettingsView = { 
/**
 * Values; one that is not here has its default.
 */
values: Record<string, unknown>, };

/**
 * Adds a data source.
 */
export type SourceAdd = { 
/**
 * What was entered.
 */
form: SourceForm, 
/**
 * Its secrets by field; see [`SourceSecrets::FIELDS`].
 */
secrets: Record<string, string>, };

/**
 * Describes a data source again. Tasks that run go on as they are until they are paused and resumed.
 */
export type SourceEdit = { 
/**
 * Name or id.
 */
source: string, 
/**
 * What was entered.
 */
form: SourceForm, 
/**
 * Secrets by field; those that are not given stay.
 */
secrets: Record<string, string>, };

/**
 * Everything about a data source that a page may show: what a user enters to reach a cluster, but for the secrets
 * (see [`SourceSecrets`]). What the chosen protocol does not need is kept and left unused.
 */
export type SourceForm = { 
/**
 * 1 to 64 characters, unlike any other data source's.
 */
name: string, 
/**
 * What it is for.
 */
environment: Environment, 
/**
 * Whatever the user wants to remember.
 */
note: string, 
/**
 * `host:port` of one or more brokers, with commas or line breaks between them.
 */
bootstrap: string, 
/**
 * How connections are secured.
 */
protocol: SecurityProtocol, 
/**
 * How to log in; needed with a SASL protocol.
 */
mechanism: SaslMechanism | null, 
/**
 * Who logs in with PLAIN or SCRAM.
 */
username: string | null, 
/**
 * How to fetch tokens for OAUTHBEARER.
 */
oauth: OauthSettings, 
/**
 * How to log in with GSSAPI.
 */
kerberos: KerberosSettings, 
/**
 * A PEM file with the certificates to trust; without one, those of the system.
 */
ca_file: string | null, 
/**
 * A PEM file with the client's certificate.
 */
certificate_file: string | null, 
/**
 * A PEM file with the client's private key.
 */
key_file: string | null, 
/**
 * Whether the broker's certificate must be made out to its host name.
 */
verify_host_name: boolean, 
/**
 * `advertised=reachable` addresses, one a line or with commas between them: where brokers are reached that
 * advertise addresses which are of no use from here.
 */
address_map: string, 
/**
 * `host:port` of a SOCKS5 proxy that all connections to the cluster go through.
 */
proxy: string | null, 
/**
 * Who logs in to the proxy, if it asks for that.
 */
proxy_user: string | null, 
/**
 * The name brokers see in their logs and quotas; `sluice` without one.
 */
client_id: string | null, 
/**
 * More of librdkafka's properties (see [`check_extra_property`]).
 */
extra: { [key in string]: string }, };

/**
 * Lists the consumer groups of a data source.
 */
export type SourceGroups = { 
/**
 * Name or id.
 */
source: string, };

/**
 * Identifies a data source: `ds-` and 12 small letters or digits.
 */
export type SourceId = string;

/**
 * Reads what another program knows of a cluster; saves nothing.
 */
export type SourceImport = { "file": string } | { "text": string } | { "url": string };

/**
 * What was read.
 */
export type SourceImported = { 
/**
 * The form, filled in.
 */
form: SourceForm, 
/**
 * Secrets by field, to be added with the form.
 */
secrets: Record<string, string>, 
/**
 * What was left out or changed, and why.
 */
notes: Array<string>, };

/**
 * Lists the data sources.
 */
export type SourceList = Record<symbol, never>;

/**
 * Looks at a few records.
 */
export type SourcePeek = { 
/**
 * Name or id.
 */
source: string, 
/**
 * Topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Where to begin.
 */
from: PeekFrom, 
/**
 * Records at most, 1 to 100.
 */
limit: number, };

/**
 * Removes a data source that no task uses.
 */
export type SourceRemove = { 
/**
 * Name or id.
 */
source: string, };

/**
 * A data source in a list.
 */
export type SourceRow = { 
/**
 * Names of the tasks that use it.
 */
used_by: Array<string>, 
/**
 * Identifies it, whatever its name becomes.
 */
id: SourceId, 
/**
 * What the user entered.
 */
form: SourceForm, 
/**
 * The fields of [`crate::SourceSecrets`] that a secret is kept for.
 */
secret_fields: Array<string>, 
/**
 * When it was made, in milliseconds since 1970.
 */
created_ms: number, 
/**
 * When it was last changed, in milliseconds since 1970.
 */
updated_ms: number, };

/**
 * Shows a data source.
 */
export type SourceShow = { 
/**
 * Name or id.
 */
source: string, };

/**
 * Tests the connection of a data source, or of one that is not saved yet.
 */
export type SourceTest = { 
/**
 * Name or id of a saved one. With a form as well, its secrets fill the fields left blank.
 */
source: string | null, 
/**
 * What was entered.
 */
form: SourceForm | null, 
/**
 * Secrets by field.
 */
secrets: Record<string, string>, };

/**
 * Partitions and configuration of a topic.
 */
export type SourceTopic = { 
/**
 * Name or id.
 */
source: string, 
/**
 * Topic.
 */
topic: string, };

/**
 * Lists the topics of a data source.
 */
export type SourceTopics = { 
/**
 * Name or id.
 */
source: string, };

/**
 * How much of this computer, of the network and of the clusters a task may use. May change while it runs.
 */
export type Spec = "micro" | "small" | "medium" | "large" | "xlarge";

/**
 * How far a stage is.
 */
export type StageStatus = "waiting" | "running" | "done" | "skipped";

/**
 * A stage of a task.
 */
export type StageView = { 
/**
 * `structure`, `full` or `incremental`.
 */
name: string, 
/**
 * How far it is.
 */
status: StageStatus, 
/**
 * 0 to 100; of the endless Incremental stage 100 when caught up and 0 when not.
 */
percent: number, };

/**
 * What a person may do with a task.
 */
export type TaskAction = "edit" | "pre_check" | "start" | "pause" | "resume" | "retry" | "terminate" | "delete" | "copy" | "modify_objects" | "tune";

/**
 * What was changed of a task's topics, the newest first.
 */
export type TaskChanges = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Inspects both clusters; waits for the report, and streams its items as events.
 */
export type TaskCheck = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Gives a pre-check up.
 */
export type TaskCheckCancel = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Makes a draft with the settings of another task.
 */
export type TaskCopy = { 
/**
 * Name or id of the other.
 */
task: string, 
/**
 * Its name.
 */
name: string, };

/**
 * Makes a task; it does nothing yet.
 */
export type TaskCreate = { 
/**
 * What was decided.
 */
settings: TaskSettings, };

/**
 * Removes a task and its history; topics stay as they are.
 */
export type TaskDelete = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Describes a task again that was never started. Its pre-check is void.
 */
export type TaskEdit = { 
/**
 * Name or id.
 */
task: string, 
/**
 * What was decided.
 */
settings: TaskSettings, 
/**
 * The version of the settings that were looked at before: refused if another command has changed them since.
 */
version?: number, };

/**
 * Writes a task's settings down, without secrets: data sources by name.
 */
export type TaskExport = { 
/**
 * Name or id.
 */
task: string, };

/**
 * The gap ledger of a task.
 */
export type TaskGaps = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Identifies a task: `rp-` and 12 small letters or digits.
 */
export type TaskId = string;

/**
 * Makes a draft out of what [`TaskExport`] wrote. Data sources of the same names must be there.
 */
export type TaskImport = { 
/**
 * TOML.
 */
text: string, 
/**
 * Another name.
 */
name: string | null, };

/**
 * Lists tasks.
 */
export type TaskList = { 
/**
 * Only those in one of these states; empty for any.
 */
states: Array<TaskState>, 
/**
 * Only those whose name or id contains this.
 */
text: string | null, 
/**
 * Only those that read this data source (name or id).
 */
source: string | null, 
/**
 * Only those that write this data source (name or id).
 */
target: string | null, 
/**
 * `newest`, `name` or `state`.
 */
order: string | null, 
/**
 * How many to leave out at the beginning.
 */
offset: number, 
/**
 * How many at most; 500 if not said.
 */
limit: number | null, };

/**
 * Lines of a task's log, the newest first.
 */
export type TaskLogQuery = { 
/**
 * Name or id.
 */
task: string, 
/**
 * `info`, `warning` or `error`: only those of this level or above.
 */
min_level: string | null, 
/**
 * Only those that contain this.
 */
text: string | null, 
/**
 * Only those not before this, in ms since 1970.
 */
from_ms: number | null, 
/**
 * Only those before this, in ms since 1970.
 */
to_ms: number | null, 
/**
 * Only those older than this line.
 */
before_id: number | null, 
/**
 * Only those newer than this line.
 */
after_id: number | null, 
/**
 * How many at most; 500 if not said.
 */
limit: number | null, };

/**
 * Points of a task's charts.
 */
export type TaskMetrics = { 
/**
 * Name or id.
 */
task: string, 
/**
 * From when, in ms since 1970.
 */
from_ms: number, 
/**
 * To when, in ms since 1970; now if not said.
 */
to_ms: number | null, 
/**
 * Points at most; 720 if not said.
 */
max_points: number | null, };

/**
 * Adds, removes or renames topics. A task that runs is stopped cleanly, changed, and goes on: topics that are not
 * touched neither lose nor repeat a record.
 */
export type TaskModify = { 
/**
 * Name or id.
 */
task: string, 
/**
 * What is to be from now on. Only objects, renames and start positions may differ.
 */
settings: TaskSettings, 
/**
 * The version of the settings that were looked at before: refused if another command has changed them since.
 */
version?: number, };

/**
 * Mutes a task's alerts, or no longer.
 */
export type TaskMute = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Until when, in ms since 1970; none to unmute.
 */
until_ms: number | null, };

/**
 * A page of tasks.
 */
export type TaskPage = { 
/**
 * The tasks.
 */
tasks: Array<TaskRowView>, 
/**
 * How many there are on all pages.
 */
total: number, 
/**
 * How many tasks are not terminated.
 */
not_terminated: number, 
/**
 * How many may be.
 */
limit: number, };

/**
 * Stops a task at a saved position.
 */
export type TaskPause = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Records the target refused.
 */
export type TaskQuarantine = { 
/**
 * Name or id.
 */
task: string, 
/**
 * From behind this row on; 0 for the first.
 */
after_id: number, 
/**
 * How many at most; 500 if not said.
 */
limit: number | null, };

/**
 * Leaves a quarantined record out for good and forgets its content. A verification says so from then on.
 */
export type TaskQuarantineDiscard = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Source offset.
 */
offset: number, };

/**
 * Writes a quarantined record to the target now, read from the source again. It stands behind younger records there.
 */
export type TaskQuarantineReplay = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Source offset.
 */
offset: number, };

/**
 * Goes on from there.
 */
export type TaskResume = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Tries again now what is being retried, or has been given up.
 */
export type TaskRetry = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Says which topics settings choose now, and what they are called on the target; saves nothing.
 */
export type TaskRoutes = { 
/**
 * What was decided.
 */
settings: TaskSettings, };

/**
 * A task in a list.
 */
export type TaskRowView = { 
/**
 * Id.
 */
id: TaskId, 
/**
 * Name.
 */
name: string, 
/**
 * Data source it reads.
 */
source: SourceId, 
/**
 * Its name.
 */
source_name: string, 
/**
 * Data source it writes.
 */
target: SourceId, 
/**
 * Its name.
 */
target_name: string, 
/**
 * What it is doing.
 */
state: TaskState, 
/**
 * What may be done.
 */
allowed: Array<TaskAction>, 
/**
 * Why it is in this state, where a person should know.
 */
reason: string | null, 
/**
 * When it was made, in ms since 1970.
 */
created_ms: number, 
/**
 * Age in ms of the oldest record that is not on the target.
 */
delay_ms: number | null, 
/**
 * Records between positions and end offsets.
 */
lag_records: number | null, 
/**
 * Records acknowledged per second.
 */
write_rate: number, 
/**
 * Share of the backlog at launch that is copied, 0 to 100.
 */
full_percent: number, 
/**
 * Partitions.
 */
partitions: number, };

/**
 * Everything a person decides about a task; what the wizard asks.
 */
export type TaskSettings = { 
/**
 * Shown to people; need not be unique.
 */
name: string, 
/**
 * Data source to read from.
 */
source: SourceId, 
/**
 * Data source to write to.
 */
target: SourceId, 
/**
 * Which topics.
 */
objects: Objects, 
/**
 * Their names on the target.
 */
rename: Rename, 
/**
 * Where the copy begins.
 */
start: string, 
/**
 * Start positions of single source topics, before `start`.
 */
start_overrides: Record<string, string>, 
/**
 * What to do with records already in target topics.
 */
existing: ExistingData, 
/**
 * What a crash may do to the target.
 */
delivery: Delivery, 
/**
 * What to do when a position is not in the source.
 */
out_of_range: OutOfRange, 
/**
 * What to do with topics that this user may not read.
 */
forbidden_topics: ForbiddenTopics, 
/**
 * Timestamp of records that have none at the source.
 */
missing_timestamps: MissingTimestamps, 
/**
 * How records travel.
 */
lane: LaneChoice, 
/**
 * How much it may use.
 */
spec: Spec, 
/**
 * Ceilings of its own, before those of the Spec.
 */
rate: RateLimits, 
/**
 * Replicas of created target topics; none takes the source's count, fitted to the target's brokers.
 */
replication_factor: number | null, 
/**
 * Compression towards the target.
 */
compression: Codec, 
/**
 * Ends when everything that was there has been copied, instead of following the source.
 */
bounded: boolean, };

/**
 * Shows everything about a task.
 */
export type TaskShow = { 
/**
 * Name or id.
 */
task: string, };

/**
 * A task's numbers at one moment.
 */
export type TaskSnapshot = { 
/**
 * Which task.
 */
task_id: TaskId, 
/**
 * What it is doing.
 */
state: TaskState, 
/**
 * When these numbers were taken, in ms since 1970.
 */
at_ms: number, 
/**
 * Structure, Full, Incremental.
 */
stages: Array<StageView>, 
/**
 * Age in ms of the oldest record that is not on the target, 0 when caught up; none when unknown.
 */
delay_ms: number | null, 
/**
 * Records between positions and end offsets; none when unknown.
 */
lag_records: number | null, 
/**
 * What they weigh, estimated from the mean size of the records copied.
 */
lag_bytes: number | null, 
/**
 * Seconds until the backlog is copied at the present rate.
 */
eta_seconds: number | null, 
/**
 * Records read since the launch.
 */
read_records: number, 
/**
 * Records acknowledged by the target since the launch.
 */
written_records: number, 
/**
 * Bytes of keys and values acknowledged since the launch.
 */
written_bytes: number, 
/**
 * Records read per second.
 */
read_rate: number, 
/**
 * Records acknowledged per second.
 */
write_rate: number, 
/**
 * Bytes read per second.
 */
read_bytes_rate: number, 
/**
 * Bytes acknowledged per second.
 */
write_bytes_rate: number, 
/**
 * Time from reading a record to its acknowledgement, over the last minute.
 */
latency: Latency | null, 
/**
 * Gaps found since the launch.
 */
gaps: number, 
/**
 * Records in quarantine.
 */
quarantined: number, 
/**
 * Partitions that wait for a person.
 */
stopped_partitions: number, 
/**
 * Seconds until the source's retention overtakes the slowest position; none when it does not, or not within a day.
 * Known of tasks that do not run as well, where an alert rule asks for it.
 */
retention_left_seconds: number | null, 
/**
 * The current or last error.
 */
last_error: string | null, 
/**
 * How records are delivered.
 */
delivery: string, 
/**
 * A row per partition.
 */
partitions: Array<PartitionProgress>, };

/**
 * Launches a task whose pre-check has passed.
 */
export type TaskStart = { 
/**
 * Name or id.
 */
task: string, 
/**
 * The target's name, typed: needed where data of a data source tagged Production will be deleted.
 */
confirm: string | null, };

/**
 * What a task is doing, as its list shows it.
 */
export type TaskState = "draft" | "pre_checking" | "pre_check_failed" | "pre_check_passed" | "starting" | "running" | "pausing" | "paused" | "abnormal" | "failed" | "completed" | "terminating" | "terminated";

/**
 * Ends a task for good. What it copied stays.
 */
export type TaskTerminate = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Changes Spec and ceilings; at once where the task runs.
 */
export type TaskTune = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Another Spec.
 */
spec: Spec | null, 
/**
 * Other ceilings of its own; they replace both.
 */
rate: RateLimits | null, 
/**
 * The version of the settings that were looked at before: refused if another command has changed them since.
 */
version?: number, };

/**
 * The verification under way, and the last one's report.
 */
export type TaskVerification = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Compares both sides up to the task's positions; waits for the report.
 */
export type TaskVerify = { 
/**
 * Name or id.
 */
task: string, 
/**
 * What of it; by default all.
 */
scope?: VerifyScope, 
/**
 * Only what is newer than earlier verifications proved, partition by partition; the others whole.
 */
continues?: boolean, };

/**
 * Gives a verification up.
 */
export type TaskVerifyCancel = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Everything about a task.
 */
export type TaskView = { 
/**
 * Id.
 */
id: TaskId, 
/**
 * Name.
 */
name: string, 
/**
 * Every choice of the wizard.
 */
settings: TaskSettings, 
/**
 * Counts the changes of the settings: a command that changes them may name the version it is based on.
 */
settings_version: number, 
/**
 * Name of the data source it reads.
 */
source_name: string, 
/**
 * Name of the data source it writes.
 */
target_name: string, 
/**
 * What may be done.
 */
allowed: Array<TaskAction>, 
/**
 * Why it is in this state, where a person should know.
 */
reason: string | null, 
/**
 * When it was made, in ms since 1970.
 */
created_ms: number, 
/**
 * When it was first started.
 */
started_ms: number | null, 
/**
 * When it was terminated or completed.
 */
ended_ms: number | null, 
/**
 * Until when its alerts are muted.
 */
muted_until_ms: number | null, 
/**
 * The last pre-check's report.
 */
pre_check: unknown, 
/**
 * Which task.
 */
task_id: TaskId, 
/**
 * What it is doing.
 */
state: TaskState, 
/**
 * When these numbers were taken, in ms since 1970.
 */
at_ms: number, 
/**
 * Structure, Full, Incremental.
 */
stages: Array<StageView>, 
/**
 * Age in ms of the oldest record that is not on the target, 0 when caught up; none when unknown.
 */
delay_ms: number | null, 
/**
 * Records between positions and end offsets; none when unknown.
 */
lag_records: number | null, 
/**
 * What they weigh, estimated from the mean size of the records copied.
 */
lag_bytes: number | null, 
/**
 * Seconds until the backlog is copied at the present rate.
 */
eta_seconds: number | null, 
/**
 * Records read since the launch.
 */
read_records: number, 
/**
 * Records acknowledged by the target since the launch.
 */
written_records: number, 
/**
 * Bytes of keys and values acknowledged since the launch.
 */
written_bytes: number, 
/**
 * Records read per second.
 */
read_rate: number, 
/**
 * Records acknowledged per second.
 */
write_rate: number, 
/**
 * Bytes read per second.
 */
read_bytes_rate: number, 
/**
 * Bytes acknowledged per second.
 */
write_bytes_rate: number, 
/**
 * Time from reading a record to its acknowledgement, over the last minute.
 */
latency: Latency | null, 
/**
 * Gaps found since the launch.
 */
gaps: number, 
/**
 * Records in quarantine.
 */
quarantined: number, 
/**
 * Partitions that wait for a person.
 */
stopped_partitions: number, 
/**
 * Seconds until the source's retention overtakes the slowest position; none when it does not, or not within a day.
 * Known of tasks that do not run as well, where an alert rule asks for it.
 */
retention_left_seconds: number | null, 
/**
 * The current or last error.
 */
last_error: string | null, 
/**
 * How records are delivered.
 */
delivery: string, 
/**
 * A row per partition.
 */
partitions: Array<PartitionProgress>, };

/**
 * A topic with everything a person looks up about it.
 */
export type TopicDetail = { 
/**
 * Name.
 */
name: string, 
/**
 * Its partitions by number.
 */
partitions: Array<PartitionDetail>, 
/**
 * Its configuration by name; empty where it cannot be read.
 */
config: Array<TopicSetting>, 
/**
 * Why the configuration cannot be read, if so: brokers before 0.11 do not tell it, and it needs a right.
 */
config_problem: string | null, };

/**
 * A topic as a list shows it.
 */
export type TopicListing = { 
/**
 * Name.
 */
name: string, 
/**
 * Partition count.
 */
partitions: number, 
/**
 * Replicas of each partition (the largest, should they differ).
 */
replicas: number, 
/**
 * Offsets between start and end, summed: at least the number of records, and more where the topic is compacted
 * or written in transactions. `None` when a partition did not answer.
 */
records_estimate: number | null, 
/**
 * Belongs to Kafka itself.
 */
internal: boolean, };

/**
 * A value of a topic's configuration.
 */
export type TopicSetting = { 
/**
 * Name, as `retention.ms`.
 */
name: string, 
/**
 * Value; none for sensitive ones.
 */
value: string | null, 
/**
 * Whether it was set on the topic itself.
 */
set_on_topic: boolean, };

/**
 * The whole report.
 */
export type VerificationReport = { 
/**
 * The task's name.
 */
task: string, 
/**
 * The verdict.
 */
result: VerificationResult, 
/**
 * Whether it is [`VerificationResult::Equal`], of the whole task.
 */
equal: boolean, 
/**
 * What of the task was verified; none for all of it. The verdict is that of this part alone.
 */
scope: VerifyScope | null, 
/**
 * The verdict in a sentence.
 */
sentence: string, 
/**
 * Records compared at the source.
 */
source_records: number, 
/**
 * Records compared on the target.
 */
target_records: number, 
/**
 * Differences by kind, over all partitions.
 */
differences: { [key in DifferenceKind]?: number }, 
/**
 * Accepted differences by kind, over all partitions.
 */
accepted: { [key in Accepted]?: number }, 
/**
 * The first difference of each kind.
 */
first_differences: Array<Difference>, 
/**
 * What is not copied yet.
 */
not_copied: NotCopiedTotal, 
/**
 * What is no longer there to compare.
 */
no_longer_there: NoLongerThere, 
/**
 * What could not be compared.
 */
not_compared: NotCompared, 
/**
 * Source topics that were copied once and are no longer in the task: they are not verified.
 */
left_out_topics: Array<string>, 
/**
 * Of [`VerificationReport::source_records`], those that were compared as whole stored batches, identical on both
 * sides, without taking them apart.
 */
records_as_batches: number, 
/**
 * The client that read the source, but for [`VerificationReport::records_as_batches`].
 */
source_read_by: ReadBy, 
/**
 * The client that read the target, but for the same.
 */
target_read_by: ReadBy, 
/**
 * When the verification ended that this one continues, in ms since 1970: of its partitions with `continued`, only
 * what is newer was compared. None where none was continued.
 */
continues_ms: number | null, 
/**
 * What earlier verifications proved of partitions that this one did not compare.
 */
carried_proofs: Array<Proof>, 
/**
 * A row per partition.
 */
partitions: Array<PartitionReport>, 
/**
 * How long it took.
 */
duration_ms: number, };

/**
 * The verdict.
 */
export type VerificationResult = "equal" | "accepted_differences" | "different" | "behind" | "incomplete";

/**
 * Verifications of a task.
 */
export type VerificationView = { 
/**
 * How far the one under way is, 0 to 100; none while there is none.
 */
percent: number | null, 
/**
 * What the last one found.
 */
report: VerificationReport | null, 
/**
 * When that was, in ms since 1970.
 */
ended_ms: number | null, };

/**
 * What of a task is verified; by default all of it.
 */
export type VerifyScope = { 
/**
 * Source topics; none for all of the task's.
 */
topics: Array<string>, 
/**
 * The first records at the source: `time:RFC3339`, `offset:N` or `offset:PARTITION=N,…`; none for the first that
 * were copied. Partitions that are not named are verified whole.
 */
since: string | null, };

/**
 * What a webhook's receiver understands.
 */
export type WebhookFormat = "generic" | "slack" | "feishu" | "ding_talk" | "we_com";

export interface Commands {
  source_add: { request: SourceAdd; answer: DataSource };
  source_edit: { request: SourceEdit; answer: DataSource };
  source_list: { request: SourceList; answer: Array<SourceRow> };
  source_show: { request: SourceShow; answer: SourceRow };
  source_remove: { request: SourceRemove; answer: null };
  source_import: { request: SourceImport; answer: SourceImported };
  secrets_check: { request: SecretsCheck; answer: SecretLevel };
  secrets_leave_keychain: { request: SecretsLeaveKeychain; answer: SecretLevel };
  source_test: { request: SourceTest; answer: ProbeReport };
  source_topics: { request: SourceTopics; answer: Array<TopicListing> };
  source_topic: { request: SourceTopic; answer: TopicDetail };
  source_groups: { request: SourceGroups; answer: Array<GroupListing> };
  source_peek: { request: SourcePeek; answer: Array<PeekedRecord> };
  task_create: { request: TaskCreate; answer: TaskView };
  task_edit: { request: TaskEdit; answer: TaskView };
  task_list: { request: TaskList; answer: TaskPage };
  task_show: { request: TaskShow; answer: TaskView };
  task_routes: { request: TaskRoutes; answer: Array<[string, string]> };
  task_check: { request: TaskCheck; answer: PreCheckReport };
  task_check_cancel: { request: TaskCheckCancel; answer: boolean };
  task_start: { request: TaskStart; answer: TaskView };
  task_pause: { request: TaskPause; answer: TaskView };
  task_resume: { request: TaskResume; answer: TaskView };
  task_retry: { request: TaskRetry; answer: TaskView };
  task_terminate: { request: TaskTerminate; answer: TaskView };
  task_delete: { request: TaskDelete; answer: null };
  task_modify: { request: TaskModify; answer: TaskView };
  task_tune: { request: TaskTune; answer: TaskView };
  task_mute: { request: TaskMute; answer: null };
  task_copy: { request: TaskCopy; answer: TaskView };
  task_export: { request: TaskExport; answer: string };
  task_import: { request: TaskImport; answer: TaskView };
  task_log: { request: TaskLogQuery; answer: Array<LogView> };
  task_changes: { request: TaskChanges; answer: Array<ChangeView> };
  task_metrics: { request: TaskMetrics; answer: Metrics };
  task_gaps: { request: TaskGaps; answer: Array<GapView> };
  task_quarantine: { request: TaskQuarantine; answer: Array<QuarantineView> };
  task_quarantine_replay: { request: TaskQuarantineReplay; answer: ReplayedView };
  task_quarantine_discard: { request: TaskQuarantineDiscard; answer: null };
  task_verify: { request: TaskVerify; answer: VerificationReport };
  task_verify_cancel: { request: TaskVerifyCancel; answer: boolean };
  task_verification: { request: TaskVerification; answer: VerificationView };
  rule_list: { request: RuleList; answer: Array<Rule> };
  rule_put: { request: RulePut; answer: Rule };
  rule_remove: { request: RuleRemove; answer: null };
  channel_list: { request: ChannelList; answer: Array<ChannelView> };
  channel_put: { request: ChannelPut; answer: ChannelView };
  channel_remove: { request: ChannelRemove; answer: null };
  channel_test: { request: ChannelTest; answer: null };
  alert_history: { request: AlertHistoryQuery; answer: Array<AlertView> };
  operation_list: { request: OperationQuery; answer: Array<OperationView> };
  settings_show: { request: SettingsQuery; answer: SettingsView };
  setting_set: { request: SettingSet; answer: null };
  app_info: { request: AppInfoQuery; answer: AppInfo };
  demo_start: { request: DemoStart; answer: DemoStarted };
  demo_stop: { request: DemoStop; answer: null };
}
