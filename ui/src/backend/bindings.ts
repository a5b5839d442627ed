// Generated from the Rust types; `make bindings` writes it, and a test fails when it is stale.

/**
 * What a pairing of clusters cannot carry, or what a cleaner removed: known, and no fault of the copy.
 */
export type Accepted = "headers_not_carried" | "timestamp_by_target" | "no_timestamp_at_source" | "compacted" | "replayed" | "discarded" | "conflicting_keys";

/**
 * A gap that a person has accepted. It holds for what was shown alone: where more is missing by then, the partition
 * stays stopped, with the new range.
 */
export type AcceptedGap = { 
/**
 * The missing offsets, as they were shown.
 */
range: OffsetRange, 
/**
 * Why they are missing, as it was shown.
 */
reason: GapReason, 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition number, the same on both sides.
 */
partition: number, };

/**
 * The rules of both sides.
 */
export type AclComparison = { 
/**
 * The source's.
 */
source: AclSide, 
/**
 * The target's.
 */
target: AclSide, 
/**
 * Rule by rule: those of the source, then those on the target alone.
 */
rows: Array<AclRow>, };

/**
 * What a rule of access allows or denies. Kafka's `AclOperation`.
 */
export type AclOperation = "ALL" | "READ" | "WRITE" | "CREATE" | "DELETE" | "ALTER" | "DESCRIBE" | "CLUSTER_ACTION" | "DESCRIBE_CONFIGS" | "ALTER_CONFIGS" | "IDEMPOTENT_WRITE" | "CREATE_TOKENS" | "DESCRIBE_TOKENS" | "TWO_PHASE_COMMIT";

/**
 * A rule on both sides.
 */
export type AclRow = { 
/**
 * As it is at the source.
 */
source: AclRule | null, 
/**
 * As it is on the target, or would be.
 */
target: AclRule | null, 
/**
 * How they stand to each other.
 */
state: ParityState, 
/**
 * What copying would do.
 */
sync: AclSync, };

/**
 * A rule of access.
 */
export type AclRule = { 
/**
 * What it is about.
 */
resource: ResourceKind, 
/**
 * Which names.
 */
pattern: PatternKind, 
/**
 * The name, or the beginning of names.
 */
name: string, 
/**
 * Whom it is about, such as `User:alice`.
 */
principal: string, 
/**
 * From where; `*` for anywhere.
 */
host: string, 
/**
 * What.
 */
operation: AclOperation, 
/**
 * Whether it allows or denies it.
 */
permission: Permission, };

/**
 * How one side stands with rules of access.
 */
export type AclSide = { "state": "no_authorizer" } | { "state": "rules", 
/**
 * All rules.
 */
rules: number, 
/**
 * Of kinds that came after this version of Sluice, and are not compared.
 */
of_other_kinds: number, } | { "state": "unknown" };

/**
 * What copying would do with a rule.
 */
export type AclSync = { "action": "nothing" } | { "action": "create" } | { "action": "remove" } | { "action": "leave", 
/**
 * Why.
 */
why: string, };

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
 * All of them, but for a row per partition.
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
item: unknown, } | { "kind": "readiness_item", 
/**
 * Which task.
 */
task_id: TaskId, 
/**
 * The question with its answer.
 */
item: ReadinessItem, } | { "kind": "verification_progress", 
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
task_id: TaskId, } | { "kind": "cutover_changed", 
/**
 * Which task.
 */
task_id: TaskId, 
/**
 * Which cut-over.
 */
cutover_id: string, } | { "kind": "alert", 
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
body: string, } | { "kind": "places_changed" } | { "kind": "resync" };

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
 * A change and how it came out.
 */
export type Applied = { 
/**
 * The change.
 */
change: ParityChange, 
/**
 * Why it was not made; none if it was.
 */
error: string | null, };

/**
 * Whose AWS credentials log in to Amazon MSK. The credentials themselves stay where AWS's own tools have them.
 */
export type AwsSettings = { 
/**
 * The cluster's region; without one, that of the brokers' host names.
 */
region: string | null, 
/**
 * The profile with the credentials; without one they are looked for where AWS's tools do.
 */
profile: string | null, 
/**
 * The ARN of a role that is taken on with these credentials.
 */
role_arn: string | null, 
/**
 * What AWS's logs call the role's session; `sluice` without one.
 */
session_name: string | null, 
/**
 * What the role asks for, if it belongs to somebody else.
 */
external_id: string | null, };

/**
 * What waits at the source of a task that does not run.
 */
export type BacklogView = { 
/**
 * Offsets between the saved positions and the ends of the source's logs.
 */
offsets: number, 
/**
 * How many of them came since the task came to rest; none where it is not known what waited then.
 */
since: number | null, };

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
horizon_seconds: number, } | { "kind": "not_equal" } | { "kind": "completed" };

/**
 * Whether the configuration of a task's topics is kept like the source's while the task runs. Off unless a person turns it
 * on, who has seen what it would change.
 */
export type ConfigurationSync = { 
/**
 * Whether it is.
 */
on: boolean, 
/**
 * Whether values of the target's own are taken away where the source has none.
 */
remove: boolean, 
/**
 * Settings that are kept the same although they are left alone otherwise: `min.insync.replicas` and throttles of
 * replication.
 */
with: Array<string>, };

/**
 * How to log in to Connect's REST interface.
 */
export type ConnectLogin = "none" | "basic" | "bearer";

/**
 * What a user enters to reach a Connect cluster. User, password and the file of authorities are those of the form.
 */
export type ConnectSettings = { 
/**
 * Addresses of its workers' REST interfaces, with commas or line breaks between them: `https://worker:8083`. Where one
 * cannot be reached, the next is asked.
 */
url: string, 
/**
 * How to log in.
 */
login: ConnectLogin, };

/**
 * Where the connection of a place stands, in a word.
 */
export type ConnectionState = "none" | "connecting" | "connected" | "lost" | "refused";

/**
 * Where the connection of a place stands.
 */
export type ConnectionView = { 
/**
 * In a word.
 */
state: ConnectionState, 
/**
 * Why there is none.
 */
error: AppError | null, 
/**
 * When it is tried again, in ms from now on.
 */
retry_in_ms: number | null, 
/**
 * What is known of the other side, while it is connected.
 */
far: FarView | null, };

/**
 * A cut-over, with everything it needs to go on after a crash.
 */
export type Cutover = { 
/**
 * Id, `co-…`.
 */
id: string, 
/**
 * Counts the changes of what is kept of it.
 */
revision: number, 
/**
 * The task that copies to where applications go.
 */
task: TaskId, 
/**
 * Its name when this was planned.
 */
task_name: string, 
/**
 * Which way.
 */
direction: CutoverDirection, 
/**
 * Whether it goes on.
 */
state: CutoverState, 
/**
 * The step to be carried out next.
 */
step: CutoverStep, 
/**
 * Tasks that copied these topics before, the oldest first, one in each direction: their maps hold what is older than
 * this task's start.
 */
through: Array<TaskId>, 
/**
 * The cut-over whose way back this is.
 */
goes_back_on: string | null, 
/**
 * The cut-over that goes back on this one, if one has begun.
 */
back: string | null, 
/**
 * Groups that move.
 */
groups: Array<string>, 
/**
 * Groups that read these topics and stay, with the reason.
 */
staying: Array<string>, 
/**
 * Their names.
 */
staying_groups: Array<string>, 
/**
 * Topics that move.
 */
topics: Array<TopicPair>, 
/**
 * Whether the task has other topics, which go on.
 */
is_stage: boolean, 
/**
 * How producers are stopped.
 */
fence: FenceKind, 
/**
 * The rules that deny WRITE.
 */
fence_entries: Array<FenceEntry>, 
/**
 * How long the silence of the source is watched, in ms.
 */
silence_ms: number, 
/**
 * Whether the old side is to follow in the window.
 */
follow: boolean, 
/**
 * The task was brought to rest by this cut-over.
 */
at_rest: boolean, 
/**
 * Answers of the steps so far.
 */
answers: Array<StepAnswers>, 
/**
 * What was overruled.
 */
overruled: Array<Overruled>, 
/**
 * What holds it.
 */
held: Held | null, 
/**
 * The last rehearsal's dry run of the groups.
 */
rehearsed: Array<GroupMove>, 
/**
 * The verification before the switch.
 */
verification: VerificationSummary | null, 
/**
 * Groups as they were moved.
 */
moves: Array<GroupMove>, 
/**
 * Ends at the switch; empty before it.
 */
ends: Array<EndsNoted>, 
/**
 * The task in the other direction; none before the switch.
 */
reverse: ReverseTask | null, 
/**
 * The copy of these topics has ended.
 */
released: boolean, 
/**
 * The copy in the other direction was started in the window.
 */
following: boolean, 
/**
 * When it was planned, in ms since 1970.
 */
created_ms: number, 
/**
 * When it last changed, in ms since 1970.
 */
updated_ms: number, 
/**
 * What happened.
 */
log: Array<LogLine>, };

/**
 * An answer to a question.
 */
export type CutoverAnswer = { 
/**
 * Which question, as it is named to overrule it.
 */
question: string, 
/**
 * How it is answered.
 */
result: CutoverResult, 
/**
 * What was found, with numbers.
 */
evidence: string, 
/**
 * What to do; empty where nothing is to be done.
 */
remedy: string, 
/**
 * Whether a step that depends on it must not go on: it failed, or it is not known and must be.
 */
holds: boolean, 
/**
 * When it was asked, in ms since 1970.
 */
at_ms: number, };

/**
 * Gives a cut-over up before its switch, or begins the way back behind it.
 */
export type CutoverBack = { 
/**
 * Name or id of the task, or the id of the cut-over.
 */
task: string, 
/**
 * How producers of the present side are stopped on the way back.
 */
fence: FenceKind, 
/**
 * How long their silence is watched; 15 s if not said.
 */
silence_seconds?: number, };

/**
 * Which way applications move.
 */
export type CutoverDirection = "forward" | "back";

/**
 * The report of a cut-over as text.
 */
export type CutoverExport = { 
/**
 * Name or id of the task, or the id of the cut-over.
 */
task: string, 
/**
 * As what.
 */
format: ReportFormat, };

/**
 * Lists the cut-overs of a task, the newest first, with those that go back on them.
 */
export type CutoverList = { 
/**
 * Name or id of the task.
 */
task: string, };

/**
 * Carries a cut-over on by one step.
 */
export type CutoverNext = { 
/**
 * Name or id of the task, or the id of the cut-over.
 */
task: string, 
/**
 * Questions that are not to hold this step.
 */
overrule: Array<string>, };

/**
 * Plans the cut-over of applications from a task's source to its target. Nothing changes but that it is kept.
 */
export type CutoverPlan = { 
/**
 * Name or id of the task.
 */
task: string, 
/**
 * Groups that move, with the topics that they read; empty for all.
 */
groups: Array<string>, 
/**
 * How producers are stopped.
 */
fence: FenceKind, 
/**
 * How long the silence of the source is watched; 15 s if not said.
 */
silence_seconds?: number, 
/**
 * Whether the old side follows after the switch; it does if not said.
 */
follow?: boolean, };

/**
 * Asks every question of a cut-over, and tries the translation of its groups. Writes nothing to a cluster.
 */
export type CutoverRehearse = { 
/**
 * Name or id of the task, or the id of the cut-over.
 */
task: string, };

/**
 * How a question is answered.
 */
export type CutoverResult = "success" | "warning" | "failed" | "unknown";

/**
 * Whether a cut-over goes on.
 */
export type CutoverState = "open" | "abandoning" | "abandoned" | "closed" | "went_back";

/**
 * Shows a cut-over.
 */
export type CutoverStatus = { 
/**
 * Name or id of the task, or the id of the cut-over.
 */
task: string, };

/**
 * A step, in order. A cut-over stands at the one that is to be carried out next.
 */
export type CutoverStep = "plan" | "rehearse" | "stop_producers" | "prove_silence" | "drain" | "verify" | "move_groups" | "open" | "window" | "close";

/**
 * A cut-over as it is shown.
 */
export type CutoverView = { 
/**
 * The data source where applications were.
 */
from: string, 
/**
 * The data source where they go.
 */
to: string, 
/**
 * Whether a step is being carried out now.
 */
busy: boolean, 
/**
 * The steps, with what they are to whom.
 */
steps: Array<StepRow>, 
/**
 * Everything that is kept of it.
 */
cutover: Cutover, };

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
export type Delivery = "exactly-once" | "at-least-once" | "mirror";

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
export type DifferenceKind = "missing" | "extra" | "duplicate" | "order" | "null_empty" | "key" | "value" | "headers" | "timestamp" | "quarantined" | "offset";

/**
 * The value that is in force for a topic.
 */
export type EffectiveValue = { 
/**
 * It; none if the broker keeps it to itself, or it has none.
 */
value: string | null, 
/**
 * Where it comes from.
 */
origin: ValueOrigin, 
/**
 * What the topic would have without a value of its own, in the topic's unit; none where brokers do not say (before
 * 1.1), or it is not overridden.
 */
inherited: string | null, 
/**
 * Whether it cannot be changed.
 */
read_only: boolean, 
/**
 * Whether brokers keep it to themselves.
 */
sensitive: boolean, };

/**
 * How the connection to a mail server is protected.
 */
export type EmailSecurity = "none" | "starttls" | "tls";

/**
 * Where both logs of a partition ended at the switch.
 */
export type EndsNoted = { 
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
 * End of the source's log; none where the source has no such partition.
 */
source_end: number | null, 
/**
 * End of the target's log: the other direction begins here.
 */
target_end: number, };

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
export type ErrorCode = "invalid_input" | "not_found" | "ambiguous" | "state_forbids" | "task_limit" | "source_in_use" | "name_taken" | "cluster_unreachable" | "authentication_failed" | "refused" | "confirmation_needed" | "owned" | "secrets" | "storage" | "place_unreachable" | "cancelled" | "internal";

/**
 * What an answer rests on, or one of the things that are wrong: a partition, a producer, a group, a member.
 */
export type Evidence = { 
/**
 * What it is about, as `orders-0`, `payments-app` or `User:alice`.
 */
about: string, 
/**
 * What was seen, by name: `lag`, `producer_id`, `client_id`, `last_write_ms` and the like. Names that end in `_ms` are
 * times in ms since 1970, or spans in ms.
 */
facts: { [key in string]: EvidenceValue }, };

/**
 * A number, a truth or a text.
 */
export type EvidenceValue = boolean | number | string;

/**
 * What to do with records that are in a target topic before the first launch.
 */
export type ExistingData = "stop" | "append" | "rewrite";

/**
 * How a task is written down.
 */
export type ExportFormat = "toml" | "connect" | "strimzi";

/**
 * What is known of the other side.
 */
export type FarView = { 
/**
 * Version of `sluice` there.
 */
version: string, 
/**
 * The data folder there.
 */
data_dir: string, 
/**
 * Whether a program there runs the tasks of the folder.
 */
runs_tasks: boolean, 
/**
 * Its version, if that is another one than what is installed there.
 */
other_daemon_version: string | null, 
/**
 * Commands of this version that are not known there.
 */
missing: Array<string>, };

/**
 * A rule of access that denies WRITE on a source topic.
 */
export type FenceEntry = { 
/**
 * The topic.
 */
topic: string, 
/**
 * Who may not write it, as `User:orders`.
 */
principal: string, 
/**
 * From where; `*` for anywhere.
 */
host: string, 
/**
 * Whether it may stand in the cluster: kept before it is created, and until it is surely gone.
 */
stands: boolean, };

/**
 * How producers are stopped.
 */
export type FenceKind = "none" | "acl";

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
 * Offsets that were not looked at, or are there a second time.
 */
export type FollowJump = { 
/**
 * The offset that was asked for.
 */
from: number, 
/**
 * Where it went on instead.
 */
to: number, 
/**
 * Why.
 */
cause: JumpCause, };

/**
 * What has come to a partition since the last look.
 */
export type FollowedRecords = { 
/**
 * The newest records that were asked for, in their order.
 */
records: Array<PeekedRecord>, 
/**
 * Where the next call goes on.
 */
next: number, 
/**
 * Records before these that belong to the answer and found no place in it.
 */
left_out: number, 
/**
 * Set where the look did not begin at the offset that was asked for.
 */
jump: FollowJump | null, };

/**
 * What to do with chosen topics that this user may not read at the source.
 */
export type ForbiddenTopics = "stop" | "leave-out";

/**
 * What a modification will do.
 */
export type Foreseen = { 
/**
 * Each topic that is concerned; the others neither lose nor repeat a record.
 */
topics: Array<ForeseenTopic>, 
/**
 * Why it would be refused, a sentence each.
 */
refusals: Array<string>, 
/**
 * Whether the task was launched: before, everything is decided at the launch.
 */
launched: boolean, };

/**
 * What will happen to one topic.
 */
export type ForeseenTopic = { 
/**
 * Source topic.
 */
source: string, 
/**
 * Target topic from then on, or that it had.
 */
target: string, 
/**
 * The target topic before, where it is another.
 */
was: string | null, 
/**
 * What will happen.
 */
fate: TopicFate, 
/**
 * The source offset of each partition at which it begins, goes on or stops, as far as that is known now.
 */
positions: Record<string, number>, 
/**
 * Whether the target topic will be created.
 */
creates: boolean, };

/**
 * What a search through a partition has found.
 */
export type FoundRecords = { 
/**
 * The records with the wanted text, in their order.
 */
records: Array<PeekedRecord>, 
/**
 * How many records were looked at.
 */
looked_at: number, 
/**
 * Where to go on: there is more behind. `None` at the end of the partition.
 */
goes_on_at: number | null, };

/**
 * Why a source range could not be copied.
 */
export type GapReason = "deleted" | "truncated" | "recreated" | "start_outside_log" | "damaged";

/**
 * A topic of which partitions have stopped at a gap.
 */
export type GapTopic = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * How many of its partitions.
 */
gaps: number, 
/**
 * The first of these partitions.
 */
partition: number, 
/**
 * Its gap.
 */
gap: OpenGap, };

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
 * A consumer group on one side.
 */
export type GroupFacts = { 
/**
 * Its state in Kafka's word; none before Kafka 2.6.
 */
state: string | null, 
/**
 * `classic`, `consumer`, `share` or `streams`; none before Kafka 3.8.
 */
kind: string | null, 
/**
 * `consumer`, `connect` and the like; empty for one that only commits.
 */
protocol_type: string, };

/**
 * What a group is. Kafka keeps all of them under one namespace of ids.
 */
export type GroupKind = "classic" | "consumer" | "share" | "streams" | "other";

/**
 * How far a group is behind in all.
 */
export type GroupLag = { 
/**
 * The group.
 */
group: string, 
/**
 * The lag of all partitions; `None` where that of one is not known.
 */
lag: number | null, 
/**
 * Partitions that it has a position in.
 */
partitions: number, 
/**
 * Why the lag is not known.
 */
problem: string | null, };

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
 * A group that moves.
 */
export type GroupMove = { 
/**
 * The group.
 */
group: string, 
/**
 * Where it stands and will stand.
 */
positions: Array<MovedPosition>, 
/**
 * When it was committed on the target, in ms since 1970.
 */
moved_ms: number | null, 
/**
 * Whether the record that comes next is the same on both sides, for each position that was compared.
 */
proofs: Array<Proved>, };

/**
 * A group's position in one partition.
 */
export type GroupPosition = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * What is committed at the source.
 */
source_offset: number, 
/**
 * Target topic; none while the task has not been launched.
 */
target_topic: string | null, 
/**
 * The translation.
 */
target_offset: number | null, 
/**
 * What is committed on the target now; after a sync, what it has committed.
 */
target_committed: number | null, 
/**
 * How it translates.
 */
result: Translated, 
/**
 * Source offsets that the group has not read and that are not on the target; more than records, where the log has
 * holes.
 */
missing: number | null, 
/**
 * Of an `earlier` position, how many records the group reads again at most.
 */
read_again: number | null, 
/**
 * Whether the record that comes next is the same on both sides; none if it was not looked at. Of a pair that copies
 * both ways: the next record of each side's own.
 */
proved: boolean | null, 
/**
 * Whether this sync committed it, or would have in a dry run.
 */
committed: boolean, 
/**
 * What is to be known of it, or why it was not committed.
 */
reason: string | null, };

/**
 * A group of the source, and its place on the target.
 */
export type GroupReport = { 
/**
 * Its id, the same on both sides.
 */
group: string, 
/**
 * What it is.
 */
kind: GroupKind, 
/**
 * The type of its protocol; empty for one that only commits.
 */
protocol: string, 
/**
 * Members at the source; none if it is not known.
 */
members_source: number | null, 
/**
 * Members on the target; none if it is not known.
 */
members_target: number | null, 
/**
 * How it stands on the target.
 */
state: GroupState, 
/**
 * Offsets from its positions in the task's topics to the end of the source; none if an end is not known.
 */
lag_source: number | null, 
/**
 * The same on the target, from what is committed there; none without a position there.
 */
lag_target: number | null, 
/**
 * Topics of the task that it reads, as far as that is known: it has positions in them, or members that want them.
 */
topics_inside: Array<string>, 
/**
 * Topics that it reads and that the task does not copy.
 */
topics_outside: Array<string>, 
/**
 * Since when it is taken over, in ms since 1970.
 */
taken_over_ms: number | null, 
/**
 * When the task last committed for it, in ms since 1970.
 */
last_sync_ms: number | null, 
/**
 * Why nothing was committed for it, where that is the group's affair and not a position's.
 */
reason: string | null, 
/**
 * Its positions in the task's topics, in order.
 */
partitions: Array<GroupPosition>, };

/**
 * A consumer group on both sides: whether it is there. Positions are not compared.
 */
export type GroupRow = { 
/**
 * Its name.
 */
group: string, 
/**
 * At the source; none if it is not there.
 */
source: GroupFacts | null, 
/**
 * On the target; none if it is not there.
 */
target: GroupFacts | null, 
/**
 * Whether it is on both sides.
 */
state: ParityState, };

/**
 * How a group stands on the target.
 */
export type GroupState = "synced" | "behind" | "ahead" | "live" | "taken_over" | "not_moved" | "unknown";

/**
 * Consumer groups whose positions are kept in step on the target while the task runs.
 */
export type GroupSync = { 
/**
 * Regular expression on the whole name of a group.
 */
groups: string, 
/**
 * Seconds between two syncs.
 */
interval_seconds: number, };

/**
 * The groups of a task.
 */
export type GroupsReport = { 
/**
 * In the order of their names.
 */
groups: Array<GroupReport>, 
/**
 * What is to be known beside them, as consumers whose offsets are not on the brokers.
 */
notes: Array<string>, 
/**
 * Positions that this sync committed, or would have in a dry run.
 */
committed: number, 
/**
 * Positions that could not be committed or proved, whatever the reason.
 */
failed: number, 
/**
 * Whether something was to be committed; otherwise it is an inventory or a dry run.
 */
synced: boolean, 
/**
 * How long it took, in ms.
 */
took_ms: number, };

/**
 * Why a cut-over does not go on by itself.
 */
export type Held = { 
/**
 * The step that is held.
 */
step: CutoverStep, 
/**
 * The question that holds it; the first of `answers`.
 */
question: string, 
/**
 * All answers that hold it.
 */
answers: Array<CutoverAnswer>, };

/**
 * How an item of the pre-check stands.
 */
export type ItemResult = "running" | "success" | "warning" | "failed";

/**
 * Why following did not go on at the offset that was asked for.
 */
export type JumpCause = "too_many" | "deleted" | "shortened";

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
 * What the last sync of a running task came to.
 */
export type LastSync = { 
/**
 * When it ended, in ms since 1970.
 */
at_ms: number, 
/**
 * Positions that it committed.
 */
committed: number, 
/**
 * Positions that it could not commit or prove.
 */
failed: number, 
/**
 * Why it could not be made.
 */
error: string | null, };

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
 * A time of day in the local time zone, written `HH:MM`.
 */
export type LocalTime = string;

/**
 * What of a task's life a line of its log is about: what charts have a mark for.
 */
export type LogEvent = "started" | "resumed" | "paused" | "abnormal" | "recovered" | "failed" | "completed" | "terminated" | "settings" | "verification" | "alert" | "alert_over";

/**
 * A line of a cut-over's log.
 */
export type LogLine = { 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * In which step.
 */
step: CutoverStep, 
/**
 * Who let it happen.
 */
by: string, 
/**
 * What.
 */
message: string, };

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
offset: number | null, 
/**
 * What of the task's life it is about, if it is.
 */
event: LogEvent | null, };

/**
 * An event of a task's life.
 */
export type MarkView = { 
/**
 * The line of the task's log that tells it.
 */
line: number, 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * What it is.
 */
event: LogEvent, 
/**
 * What happened.
 */
message: string, };

/**
 * What a target topic takes now.
 */
export type MessageSizeView = { 
/**
 * Target topic.
 */
target_topic: string, 
/**
 * Largest batch it took before, in bytes, where that is known.
 */
was: number | null, 
/**
 * Largest batch it takes now, in bytes.
 */
is: number, };

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
 * A group's position in a partition.
 */
export type MovedPosition = { 
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
 * What the group has committed at the source: the next record that it wants.
 */
source_offset: number, 
/**
 * The same place on the target; none where it cannot be known.
 */
target_offset: number | null, 
/**
 * How it was found, in one word, as `exact`.
 */
how: string, 
/**
 * What a person should know of it.
 */
remark: string | null, 
/**
 * What the group has committed on the target before.
 */
target_committed: number | null, 
/**
 * The commit's text, which moves with it.
 */
metadata: string | null, };

/**
 * What is wrong with a target name, or may surprise.
 */
export type NameProblem = { "kind": "refused", 
/**
 * The rule that it breaks.
 */
rule: TopicNameProblem, } | { "kind": "itself" } | { "kind": "twice", 
/**
 * Its source name.
 */
other: string, } | { "kind": "collision", 
/**
 * The source name of the other one.
 */
other: string, };

/**
 * A topic that is chosen.
 */
export type NamedTopic = { 
/**
 * Its name at the source.
 */
source: string, 
/**
 * Its name on the target.
 */
target: string, 
/**
 * Its name on the target without an entry of its own.
 */
by_rules: string, 
/**
 * What is wrong with the target name.
 */
problem: NameProblem | null, };

/**
 * What a choice of topics and rules of renaming come to with the topics there are.
 */
export type Naming = { 
/**
 * The topics that are chosen, in the order in which they were given.
 */
topics: Array<NamedTopic>, 
/**
 * Why the pattern of the topics to copy is no regular expression.
 */
include: string | null, 
/**
 * Why the pattern of the topics to leave out is no regular expression.
 */
exclude: string | null, 
/**
 * Of each rule of renaming, why its pattern is no regular expression. Such a rule does nothing.
 */
rules: Array<string | null>, };

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
 * A range that can no longer be read, and about which a person must decide: the partition goes on when the gap is
 * accepted (see [`crate::Running::accept_gaps`]).
 */
export type OpenGap = { 
/**
 * The missing offsets.
 */
range: OffsetRange, 
/**
 * Why they are missing.
 */
reason: GapReason, 
/**
 * The source offset at which the copy would go on.
 */
resume_at: number, };

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
 * Something that a person decided against an answer.
 */
export type Overruled = { 
/**
 * Which question.
 */
question: string, 
/**
 * In which step.
 */
step: CutoverStep, 
/**
 * What was known then.
 */
evidence: string, 
/**
 * Who.
 */
by: string, 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * Whether it still counts: a step that is carried out again asks again.
 */
counts: boolean, };

/**
 * Makes changes on the target that a comparison has shown. Refused as a whole if one of them is not what a comparison
 * shows now.
 */
export type ParityApply = { 
/**
 * The comparison that has shown them.
 */
compared: ParityCompare, 
/**
 * Those that are to be made.
 */
changes: Array<ParityChange>, 
/**
 * Whether those of them that take something away were confirmed.
 */
remove: boolean, };

/**
 * One change of the target, with what it replaces.
 */
export type ParityChange = { "kind": "set_value", 
/**
 * The target topic.
 */
topic: string, 
/**
 * The setting.
 */
key: string, 
/**
 * The value.
 */
value: string, 
/**
 * What is in force now.
 */
was: string | null, } | { "kind": "remove_value", 
/**
 * The target topic.
 */
topic: string, 
/**
 * The setting.
 */
key: string, 
/**
 * What is in force then.
 */
inherited: string, 
/**
 * What is in force now.
 */
was: string | null, } | { "kind": "create_acl", 
/**
 * The rule.
 */
rule: AclRule, } | { "kind": "remove_acl", 
/**
 * The rule.
 */
rule: AclRule, } | { "kind": "set_quota", 
/**
 * Whom it concerns.
 */
entity: { [key in string]: string | null }, 
/**
 * Its name.
 */
limit: string, 
/**
 * The limit.
 */
value: number, 
/**
 * The limit now.
 */
was: number | null, } | { "kind": "remove_quota", 
/**
 * Whom it concerns.
 */
entity: { [key in string]: string | null }, 
/**
 * Its name.
 */
limit: string, 
/**
 * The limit now.
 */
was: number | null, };

/**
 * Compares two data sources; changes nothing.
 */
export type ParityCompare = { 
/**
 * Name or id of the one that is the model; with a task, its source if none is named.
 */
source: string | null, 
/**
 * Name or id of the one that is compared with it; with a task, its target if none is named.
 */
target: string | null, 
/**
 * Name or id of a task, whose topics and names are taken.
 */
task: string | null, 
/**
 * Which parts; all if none is named.
 */
kinds: Array<ParityKind>, 
/**
 * Only these topics of the source, and what is about them.
 */
topics: Array<string>, 
/**
 * Names of topics on the target; not beside a task, which has its own.
 */
rename: Rename, 
/**
 * Names of principals on the target.
 */
principals: PrincipalRules, 
/**
 * Settings of topics that are changed as well although they are left alone otherwise, such as
 * `min.insync.replicas`.
 */
with: Array<string>, 
/**
 * Whether settings that are the same on both sides are listed, too.
 */
every_setting: boolean, };

/**
 * A part of two clusters that can be compared.
 */
export type ParityKind = "topics" | "acls" | "quotas" | "groups";

/**
 * What a cluster was asked for.
 */
export type ParityPart = "topics" | "configuration" | "acls" | "quotas" | "groups";

/**
 * How two clusters stand to each other.
 */
export type ParityResult = "equal" | "different" | "unknown";

/**
 * How two sides of one thing stand to each other.
 */
export type ParityState = "same" | "differs" | "only_source" | "only_target" | "unknown";

/**
 * Two data sources side by side, with what would make the target like the source.
 */
export type ParityView = { 
/**
 * Name of the source.
 */
source_name: string, 
/**
 * Name of the target.
 */
target_name: string, 
/**
 * When they were read, in ms since 1970.
 */
at_ms: number, 
/**
 * What would make the target like the source.
 */
changes: Array<ParityChange>, 
/**
 * How they stand to each other.
 */
result: ParityResult, 
/**
 * The source's id; none before Kafka 0.10.1.
 */
source_cluster_id: string | null, 
/**
 * The target's id; none before Kafka 0.10.1.
 */
target_cluster_id: string | null, 
/**
 * Topics; none if they were not asked for.
 */
topics: Array<TopicRow> | null, 
/**
 * Rules of access; none if they were not asked for.
 */
acls: AclComparison | null, 
/**
 * Limits of clients; none if they were not asked for.
 */
quotas: Array<QuotaRow> | null, 
/**
 * Consumer groups; none if they were not asked for.
 */
groups: Array<GroupRow> | null, 
/**
 * What could not be read.
 */
unknown: Array<Unknown>, };

/**
 * What a partition is doing.
 */
export type PartitionCondition = "copying" | "caught_up" | "retrying" | "stopped" | "at_rest";

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
 * What the last verification before the switch found of a partition.
 */
export type PartitionDigest = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Records compared.
 */
records: number, 
/**
 * Digest of the source's records.
 */
source_digest: string, 
/**
 * The same of the target's.
 */
target_digest: string, };

/**
 * How a partition is, at a glance; of several, the worst counts. The worst comes first.
 */
export type PartitionHealth = "stopped" | "troubled" | "behind" | "at_rest" | "keeps_up";

/**
 * Where a group stands in a partition.
 */
export type PartitionLag = { 
/**
 * The topic.
 */
topic: string, 
/**
 * The partition.
 */
partition: number, 
/**
 * The next offset that the group reads; `None` where the cluster does not say.
 */
offset: number | null, 
/**
 * The first offset there is.
 */
start: number | null, 
/**
 * Behind the last offset there is.
 */
end: number | null, 
/**
 * Offsets between the position and the end: at least the number of records that the group has not read, and more
 * where the topic is compacted or written in transactions.
 */
lag: number | null, 
/**
 * Why something is not known, or what is wrong with the position.
 */
problem: string | null, };

/**
 * A partition of a task.
 */
export type PartitionLine = { 
/**
 * How it is.
 */
health: PartitionHealth, 
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
 * When it is tried again, in ms since 1970; `None` while it is not waiting for that.
 */
next_try_ms: number | null, 
/**
 * The current or last error.
 */
error: string | null, 
/**
 * What a person can decide about a stopped partition, where that is a gap.
 */
gap: OpenGap | null, };

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
 * When it is tried again, in ms since 1970; `None` while it is not waiting for that.
 */
next_try_ms: number | null, 
/**
 * The current or last error.
 */
error: string | null, 
/**
 * What a person can decide about a stopped partition, where that is a gap.
 */
gap: OpenGap | null, };

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
 * A compacted partition of a pair that copies both ways has more keys than are remembered, or its other task is not known:
 * [`Accepted::ConflictingKeys`] are not counted.
 */
keys_not_counted: boolean, 
/**
 * Only what is newer than an earlier verification proved was compared.
 */
continued: boolean, 
/**
 * What a later verification can begin behind; none where anything was wrong, or not all was compared.
 */
proof: Proof | null, };

/**
 * All partitions of a task, in a few letters for each.
 */
export type PartitionsView = { 
/**
 * How many there are.
 */
count: number, 
/**
 * How many have caught up.
 */
caught_up: number, 
/**
 * A letter for each partition, in the order of the task: `s`topped, `t`roubled, `b`ehind, at `r`est, `k`eeps up.
 */
health: string, 
/**
 * A hexadecimal digit for each partition: how much of the way from its start to its end is copied, `f` for all of it.
 */
filled: string, 
/**
 * How many have stopped at a gap.
 */
gaps: number, 
/**
 * The first topics with such partitions.
 */
gap_topics: Array<GapTopic>, 
/**
 * How many topics have an error that is no gap.
 */
troubled: number, 
/**
 * The first of them.
 */
troubled_topics: Array<string>, };

/**
 * The task that copies the same topics in the other direction.
 */
export type PartnerView = { 
/**
 * Id.
 */
id: TaskId, 
/**
 * Name; none where it was deleted.
 */
name: string | null, 
/**
 * What it is doing; none where it was deleted.
 */
state: TaskState | null, };

/**
 * What a verification came to.
 */
export type PastVerification = { 
/**
 * When it ended, in ms since 1970.
 */
at_ms: number, 
/**
 * The verdict.
 */
result: VerificationResult, 
/**
 * The verdict in a sentence.
 */
sentence: string, 
/**
 * Records compared at the source.
 */
source_records: number, 
/**
 * Whether all of the task was verified.
 */
whole: boolean, 
/**
 * Whether it was made because of the task's schedule.
 */
scheduled: boolean, };

/**
 * Which names a rule of access is about. Kafka's `PatternType`; the literal name `*` is every name.
 */
export type PatternKind = "LITERAL" | "PREFIXED";

/**
 * Where a look begins.
 */
export type PeekFrom = "earliest" | "latest" | { "offset": number } | { "time": number };

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
 * Length of the whole key in bytes; `None` for null.
 */
key_bytes: number | null, 
/**
 * Length of the whole value in bytes; `None` for null.
 */
value_bytes: number | null, 
/**
 * A part was cut at 64 KiB.
 */
truncated: boolean, };

/**
 * Whether a rule of access allows or denies. Kafka's `AclPermissionType`.
 */
export type Permission = "DENY" | "ALLOW";

/**
 * A computer with a data folder, under a name and a colour of the person's choice.
 */
export type Place = { 
/**
 * Id.
 */
id: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * Its mark beside the name.
 */
colour: PlaceColour, 
/**
 * `user@host[:data folder]`.
 */
host: string, };

/**
 * What a test of a place has found.
 */
export type PlaceCheck = { 
/**
 * Whether the place can be used.
 */
ok: boolean, 
/**
 * Why not.
 */
error: AppError | null, 
/**
 * What is known of the other side.
 */
far: FarView | null, };

/**
 * Colours of places.
 */
export type PlaceColour = "blue" | "teal" | "green" | "amber" | "red" | "violet";

/**
 * Lists the places, and where their connections stand.
 */
export type PlaceList = Record<symbol, never>;

/**
 * Keeps a place: name, colour, and how its computer is reached.
 */
export type PlacePut = { 
/**
 * Which place is described again; none for a new one.
 */
id: string | null, 
/**
 * What it is called.
 */
name: string, 
/**
 * Its mark beside the name.
 */
colour: PlaceColour, 
/**
 * `user@host[:data folder]`.
 */
host: string, };

/**
 * Forgets a place. What is kept on its computer stays as it is.
 */
export type PlaceRemove = { 
/**
 * Id.
 */
place: string, };

/**
 * Connects to a place at once, where that waits.
 */
export type PlaceRetry = { 
/**
 * Id.
 */
place: string, };

/**
 * Connects to a computer as a place would, and says what it finds.
 */
export type PlaceTest = { 
/**
 * `user@host[:data folder]`.
 */
host: string, };

/**
 * A place in a list.
 */
export type PlaceView = { 
/**
 * Where its connection stands.
 */
connection: ConnectionView, 
/**
 * Id.
 */
id: string, 
/**
 * What it is called.
 */
name: string, 
/**
 * Its mark beside the name.
 */
colour: PlaceColour, 
/**
 * `user@host[:data folder]`.
 */
host: string, };

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
 * How principals of the source are called on the target: an entry of `map` decides alone; otherwise the regex rules apply
 * in order. Without rules they keep their names.
 */
export type PrincipalRules = { 
/**
 * Source principal → target principal, such as `User:CN=alice` → `User:alice`.
 */
map: { [key in string]: string }, 
/**
 * Search-and-replace rules.
 */
regex: Array<RegexRename>, };

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
 * A position that was compared.
 */
export type Proved = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * Whether both sides go on with the same record, or both are at their end.
 */
equal: boolean, 
/**
 * What was compared, in words.
 */
detail: string, };

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
 * The largest batch that the target topic would have to take for it, in bytes; none where it was refused for another
 * reason, or its size is not known.
 */
needs_bytes: number | null, 
/**
 * The record's timestamp, in ms since 1970.
 */
timestamp_ms: number, 
/**
 * When it was refused, in ms since 1970.
 */
at_ms: number, };

/**
 * A question of readiness. Its word (`lag_zero`) is its id for scripts and is never changed.
 */
export type Question = "lag_zero" | "source_silent" | "source_producers" | "open_transactions" | "tied_topics" | "group_inventory" | "groups_drained" | "no_members" | "offsets_translate" | "target_groups_not_ahead" | "positions_proved" | "target_only_ours" | "topic_parity" | "acl_parity" | "retention_keeps" | "verification_current" | "target_listeners" | "no_gaps" | "quarantine_empty";

/**
 * A limit on both sides.
 */
export type QuotaRow = { 
/**
 * Whom it concerns, by the target's names.
 */
entity: { [key in string]: string | null }, 
/**
 * Its name, such as `producer_byte_rate`.
 */
limit: string, 
/**
 * At the source; none if it has none.
 */
source: number | null, 
/**
 * On the target; none if it has none.
 */
target: number | null, 
/**
 * How they stand to each other.
 */
state: ParityState, 
/**
 * What copying would do.
 */
sync: QuotaSync, };

/**
 * What copying would do with a limit.
 */
export type QuotaSync = { "action": "nothing" } | { "action": "set", 
/**
 * The limit.
 */
value: number, } | { "action": "remove" } | { "action": "leave", 
/**
 * Why.
 */
why: string, };

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
 * One question with its answer.
 */
export type ReadinessItem = { 
/**
 * Which question.
 */
id: Question, 
/**
 * How it was answered.
 */
result: ReadinessResult, 
/**
 * What was found, with names and numbers.
 */
cause: string, 
/**
 * What it rests on: what is wrong first. At most 100 rows.
 */
evidence: Array<Evidence>, 
/**
 * How many rows of evidence there are beyond those.
 */
more_evidence: number, 
/**
 * What to do about it; empty for Success.
 */
remedy: string, 
/**
 * Whether the switch must not happen because of this answer: it failed, or it is unknown and must be known
 * ([`Question::must_be_known`]).
 */
blocks: boolean, 
/**
 * Whether it is asked again in the moment of the switch.
 */
at_switch: boolean, 
/**
 * When it was answered, in ms since 1970.
 */
asked_at_ms: number, 
/**
 * Until when the answer may be relied on, in ms since 1970.
 */
expires_at_ms: number, 
/**
 * How old the answer is, in seconds, at the time of the report.
 */
age_s: number, 
/**
 * How long it took, in ms.
 */
duration_ms: number, };

/**
 * All questions that were asked.
 */
export type ReadinessReport = { 
/**
 * The items, in the order of [`QUESTIONS`].
 */
items: Array<ReadinessItem>, 
/**
 * Whether every question was asked and none blocks. Warnings, and unknown answers that need not be known, are a
 * person's to judge.
 */
ready: boolean, 
/**
 * When the asking began, in ms since 1970.
 */
at_ms: number, };

/**
 * How a question was answered.
 */
export type ReadinessResult = "running" | "success" | "warning" | "unknown" | "failed";

/**
 * What is known of a task's readiness.
 */
export type ReadinessView = { 
/**
 * The last answers; none since the program began.
 */
report: ReadinessReport | null, 
/**
 * Whether the questions are being asked now.
 */
running: boolean, };

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
 * A form of the report.
 */
export type ReportFormat = "html" | "json";

/**
 * What a rule of access is about. Words and numbers are those of Kafka's `ResourceType`.
 */
export type ResourceKind = "TOPIC" | "GROUP" | "CLUSTER" | "TRANSACTIONAL_ID" | "DELEGATION_TOKEN" | "USER";

/**
 * The task in the other direction.
 */
export type ReverseTask = { 
/**
 * Its id, chosen before it is made.
 */
id: TaskId, 
/**
 * Its name.
 */
name: string, 
/**
 * Whether it is made and pinned.
 */
created: boolean, };

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
export type SaslMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "OAUTHBEARER" | "AWS_MSK_IAM" | "GSSAPI";

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
 * A setting of a topic on both sides.
 */
export type SettingRow = { 
/**
 * Its name, such as `retention.ms`.
 */
key: string, 
/**
 * At the source; none if its brokers do not have this setting.
 */
source: EffectiveValue | null, 
/**
 * On the target; none if its brokers do not have this setting.
 */
target: EffectiveValue | null, 
/**
 * How they stand to each other. A setting that only one side's version of Kafka has is on that side alone.
 */
state: ParityState, 
/**
 * What a sync would do.
 */
sync: SettingSync, };

/**
 * Sets a setting: `max_tasks` (1 to 10000), `log_days` (1 to 365), `give_up_after_minutes` (1 to 10080),
 * `resume_after_restart`, `language`, `quiet_hours`, `metrics_address` (`HOST:PORT` or a port of this computer; null or
 * blank for none), `update_address` (where the newest version is written; null or blank for none), and whatever begins with `page.`, which is the page's own.
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
 * What a sync would do with a setting of the target topic.
 */
export type SettingSync = { "action": "nothing" } | { "action": "set", 
/**
 * The value.
 */
value: string, } | { "action": "remove", 
/**
 * What is in force then.
 */
inherited: string, } | { "action": "leave", 
/**
 * Why.
 */
why: string, };

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
 * Which cluster of a task.
 */
export type Side = "source" | "target";

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
secrets: Record<string, string>, 
/**
 * When what was changed was last kept, in ms since 1970: refused where another change came since. Without it the form
 * takes the place of whatever there is.
 */
based_on_ms?: number, };

/**
 * Looks at what has come to a partition since the last look. Each call is one bounded look: nothing stays open at the
 * cluster between two of them.
 */
export type SourceFollow = { 
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
 * Where the last look ended; none: begin with the newest records.
 */
next: number | null, 
/**
 * Records at most, 1 to 100.
 */
limit: number, 
/**
 * A text in key, value or headers, letter for letter; empty: all records.
 */
text: string, };

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
 * What it is.
 */
kind: SourceKind, 
/**
 * How to reach a Connect cluster; unused by a Kafka cluster.
 */
connect: ConnectSettings, 
/**
 * What it is for.
 */
environment: Environment, 
/**
 * Whether nothing is to be written to it: it can be copied from, looked at and compared, and no more.
 */
read_only: boolean, 
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
 * Whose AWS credentials log in with AWS_MSK_IAM.
 */
aws: AwsSettings, 
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
 * Asks where a consumer group stands in each partition.
 */
export type SourceGroup = { 
/**
 * Name or id.
 */
source: string, 
/**
 * The group.
 */
group: string, };

/**
 * Asks how far consumer groups are behind.
 */
export type SourceGroupLags = { 
/**
 * Name or id.
 */
source: string, 
/**
 * The groups, 500 at most.
 */
groups: Array<string>, };

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
 * What a data source is.
 */
export type SourceKind = "kafka" | "connect";

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
 * Looks for records with a text in their key, value or headers.
 */
export type SourceSearch = { 
/**
 * Where to look, and for how many.
 */
place: SourcePeek, 
/**
 * The text, letter for letter.
 */
text: string, };

/**
 * Shows a data source.
 */
export type SourceShow = { 
/**
 * Name or id.
 */
source: string, };

/**
 * Asks what the topics of a data source take on the brokers' disks.
 */
export type SourceSizes = { 
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
export type StageStatus = "waiting" | "running" | "done" | "skipped" | "paused" | "held_up" | "failed" | "ended";

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
 * The answers of a step that was asked last.
 */
export type StepAnswers = { 
/**
 * The step.
 */
step: CutoverStep, 
/**
 * The answers, in the order of reports.
 */
answers: Array<CutoverAnswer>, };

/**
 * A step as it is shown.
 */
export type StepRow = { 
/**
 * Which.
 */
step: CutoverStep, 
/**
 * Its number, from 1.
 */
number: number, 
/**
 * Its name.
 */
title: string, 
/**
 * What Sluice does.
 */
sluice: string, 
/**
 * What applications see.
 */
applications: string, 
/**
 * Whether it is done.
 */
done: boolean, };

/**
 * A partition that has stopped at a gap.
 */
export type StoppedAtGap = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Partition.
 */
partition: number, 
/**
 * The gap.
 */
gap: OpenGap, };

/**
 * Accepts gaps, as they were shown: their partitions go on behind them, and the gaps go to the ledger. A task that is
 * paused or has failed is started for it. A gap that has grown since keeps its partition stopped, with the new range.
 */
export type TaskAcceptGaps = { 
/**
 * Name or id.
 */
task: string, 
/**
 * The gaps.
 */
gaps: Array<AcceptedGap>, };

/**
 * What a person may do with a task.
 */
export type TaskAction = "edit" | "pre_check" | "start" | "pause" | "resume" | "retry" | "terminate" | "delete" | "copy" | "modify_objects" | "tune";

/**
 * Asks the source what waits there for a task that does not run.
 */
export type TaskBacklog = { 
/**
 * Name or id.
 */
task: string, };

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
 * Makes two tasks as one pair: one as described, one that copies the same topics back. They do nothing yet.
 */
export type TaskCreatePair = { 
/**
 * What was decided of the first; the other has all of it but its sides and its name.
 */
settings: TaskSettings, 
/**
 * The name of the other; made of the first one's if not said.
 */
other_name: string | null, };

/**
 * Removes a task and its history; topics stay as they are.
 */
export type TaskDelete = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Also the connectors of a task that runs on Connect, and their offsets there. Without it they stay, stopped.
 */
connectors?: boolean, 
/**
 * Also where Connect cannot be asked, so that the connectors of a task may go on copying. Where it can be, they are
 * stopped as without this.
 */
leave_connectors?: boolean, };

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
task: string, 
/**
 * In which form; TOML for Sluice if not said.
 */
format?: ExportFormat, };

/**
 * Says what a [`TaskModify`] would do to each topic; changes nothing.
 */
export type TaskForesee = { 
/**
 * Name or id.
 */
task: string, 
/**
 * What is to be from now on.
 */
settings: TaskSettings, 
/**
 * As in [`TaskModify`].
 */
copy_again?: string[], };

/**
 * The gap ledger of a task.
 */
export type TaskGaps = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Lists the consumer groups of the source that read the task's topics: where each stands on both sides, and where its
 * positions lie on the target. Changes nothing.
 */
export type TaskGroups = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Only these groups; empty for all.
 */
groups: Array<string>, };

/**
 * Chooses which groups are kept in step on the target while the task runs; at once where it runs.
 */
export type TaskGroupsKeep = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Which, and how often; none for no group.
 */
sync: GroupSync | null, 
/**
 * The version of the settings that were looked at before: refused if another command has changed them since.
 */
version?: number, };

/**
 * Commits on the target where groups of the source stand, translated exactly. Groups with members on the target are left
 * alone, and no position goes back unless that is asked for.
 */
export type TaskGroupsSync = { 
/**
 * Name or id.
 */
task: string, 
/**
 * These groups.
 */
groups: Array<string>, 
/**
 * All groups that read the task's topics.
 */
all: boolean, 
/**
 * Positions that are further on the target are set back.
 */
rewind: boolean, 
/**
 * Positions before the copy's start are left out.
 */
exact_only: boolean, 
/**
 * Nothing is committed: shows what would be.
 */
dry_run: boolean, };

/**
 * The consumer groups of a task.
 */
export type TaskGroupsView = { 
/**
 * Which are kept in step while the task runs.
 */
continuous: GroupSync | null, 
/**
 * What the last sync of the running task came to.
 */
last_sync: LastSync | null, 
/**
 * In the order of their names.
 */
groups: Array<GroupReport>, 
/**
 * What is to be known beside them, as consumers whose offsets are not on the brokers.
 */
notes: Array<string>, 
/**
 * Positions that this sync committed, or would have in a dry run.
 */
committed: number, 
/**
 * Positions that could not be committed or proved, whatever the reason.
 */
failed: number, 
/**
 * Whether something was to be committed; otherwise it is an inventory or a dry run.
 */
synced: boolean, 
/**
 * How long it took, in ms.
 */
took_ms: number, };

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
 * Takes a topic out of a task; its position is kept, so that it goes on from there if it is added again.
 */
export type TaskLeaveOut = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Source topic.
 */
topic: string, };

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
 * Only those with this tag.
 */
tag: string | null, 
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
 * What happened to a task in a time, for its charts: the newest 300 events, in order of time.
 */
export type TaskMarks = { 
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
to_ms: number | null, };

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
version?: number, 
/**
 * Renamed source topics whose new target topic gets everything from the start; the others get what comes from here on.
 */
copy_again?: string[], };

/**
 * Lets a task go on at another place: a Connect cluster, or this computer. It keeps its positions. One that was launched is
 * paused before.
 */
export type TaskMove = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Name or id of a Connect cluster; this computer without one.
 */
run_on: string | null, };

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
 * Lists the partitions that have stopped at a gap.
 */
export type TaskOpenGaps = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Only those of this source topic.
 */
topic: string | null, };

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
 * Both tasks of a pair.
 */
export type TaskPairView = { 
/**
 * The one that was described.
 */
task: TaskView, 
/**
 * The one that copies back.
 */
other: TaskView, };

/**
 * Shows the partition at a place of a task's list of all partitions; none where there is none.
 */
export type TaskPartition = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Its place, from 0.
 */
index: number, };

/**
 * Stops a task at a saved position.
 */
export type TaskPause = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Changes what may be changed of a task after its launch beside its topics and its speed. What is not given stays. A task
 * that runs is stopped and started for it; nothing is lost or repeated.
 */
export type TaskPolicies = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Another name.
 */
name?: string, 
/**
 * What to do when a position is not in the source.
 */
out_of_range?: OutOfRange, 
/**
 * What to do with records in target topics that are added from now on: `stop` or `append`.
 */
existing?: ExistingData, 
/**
 * What a crash may do to the target. No task becomes a mirror, and a mirror nothing else.
 */
delivery?: Delivery, 
/**
 * What to do with topics that this user may not read.
 */
forbidden_topics?: ForbiddenTopics, 
/**
 * The version of the settings that were looked at before: refused if another command has changed them since.
 */
version?: number, };

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
 * Lets a target topic take larger batches. A limit that is large enough already stays.
 */
export type TaskRaiseMessageSize = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Source topic.
 */
topic: string, 
/**
 * The least it must take, in bytes.
 */
bytes: number, };

/**
 * Asks whether applications may move to the task's target now; waits for the report, and streams its items as events.
 * Changes nothing on either side.
 */
export type TaskReadiness = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Only these questions are asked; the others keep their last answers. By default all.
 */
only?: Array<Question>, 
/**
 * The groups that are to move; by default all that read the task's topics.
 */
groups?: Array<string>, 
/**
 * Groups whose lag at the source is accepted.
 */
accepted_lag?: Array<string>, 
/**
 * How many seconds apart the two looks at the logs are; by default 5.
 */
window_s?: number, };

/**
 * Gives the questions up.
 */
export type TaskReadinessCancel = { 
/**
 * Name or id.
 */
task: string, };

/**
 * The last answers, with their ages.
 */
export type TaskReadinessLast = { 
/**
 * Name or id.
 */
task: string, };

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
 * The task that copies its topics back, of a pair.
 */
partner?: PartnerView, 
/**
 * Words of the user's own, by which it is found.
 */
tags: Array<string>, 
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
 * Where the copy of each partition ends; none follows the source.
 */
end: string | null, 
/**
 * End positions of single source topics, before `end`.
 */
end_overrides: Record<string, string>, 
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
bounded: boolean, 
/**
 * Whether the configuration of target topics is kept like the source's while it runs.
 */
configuration_sync: ConfigurationSync, 
/**
 * Consumer groups whose positions are kept in step on the target while the task runs; none by default.
 */
sync_groups: GroupSync | null, 
/**
 * When it is verified by itself; never by default.
 */
verification: VerificationSchedule | null, 
/**
 * The task that copies the same topics in the other direction, of a pair that was made as one: each leaves out what
 * the other wrote.
 */
both_ways?: TaskId, 
/**
 * The Connect cluster that it runs on; this computer without one.
 */
run_on: SourceId | null, 
/**
 * Words of the user's own, by which the task is found.
 */
tags: Array<string>, };

/**
 * Shows everything about a task.
 */
export type TaskShow = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Without a row per partition: a summary of them instead.
 */
brief?: boolean, };

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
 * Since when, in ms since 1970; none where that was not noted.
 */
since_ms: number | null, 
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
 * What is wrong now, and what can be done about it.
 */
trouble: TroubleView | null, 
/**
 * How records are delivered.
 */
delivery: string, 
/**
 * A row per partition; none in brief numbers.
 */
partitions: Array<PartitionProgress>, 
/**
 * All partitions in a few letters for each, in brief numbers alone.
 */
summary?: PartitionsView, };

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
 * Has the configuration of a task's target topics kept like the source's while the task runs, or no longer.
 */
export type TaskSyncConfiguration = { 
/**
 * Name or id.
 */
task: string, 
/**
 * What is to be from now on.
 */
sync: ConfigurationSync, };

/**
 * Gives a task other tags, whatever it does.
 */
export type TaskTag = { 
/**
 * Name or id.
 */
task: string, 
/**
 * All it is to have.
 */
tags: Array<string>, };

/**
 * Ends a task for good. What it copied stays.
 */
export type TaskTerminate = { 
/**
 * Name or id.
 */
task: string, };

/**
 * Lists a task's topics with their sums, the partitions of opened ones below them: the rows `offset` to
 * `offset + limit` of that list.
 */
export type TaskTopics = { 
/**
 * Name or id.
 */
task: string, 
/**
 * Only topics whose name, or name on the target, contains this in any case.
 */
text: string, 
/**
 * Only partitions with an error, a gap, or that are stuck, and their topics.
 */
troubled: boolean, 
/**
 * By what they are sorted; topics that are equal in it by name.
 */
order: TopicOrder, 
/**
 * The greatest first; of states the best.
 */
descending: boolean, 
/**
 * Whether topics are open, but for those in `except`.
 */
open: boolean, 
/**
 * Topics that are not as `open` says.
 */
except: Array<string>, 
/**
 * How many rows to leave out at the beginning.
 */
offset: number, 
/**
 * How many rows at most; 200 if not said.
 */
limit: number | null, };

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
 * The verification under way, the last one's report, and what those before came to.
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
 * Says when a task is verified by itself.
 */
export type TaskVerifySchedule = { 
/**
 * Name or id.
 */
task: string, 
/**
 * When; none for never. It holds from now on, whatever it says.
 */
schedule: VerificationSchedule | null, 
/**
 * The version of the settings that the caller has looked at; another change since is refused.
 */
version?: number, };

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
 * The task that copies its topics back, of a pair.
 */
partner?: PartnerView, 
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
 * Since when, in ms since 1970; none where that was not noted.
 */
since_ms: number | null, 
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
 * What is wrong now, and what can be done about it.
 */
trouble: TroubleView | null, 
/**
 * How records are delivered.
 */
delivery: string, 
/**
 * A row per partition; none in brief numbers.
 */
partitions: Array<PartitionProgress>, 
/**
 * All partitions in a few letters for each, in brief numbers alone.
 */
summary?: PartitionsView, };

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
 * What will happen to a topic.
 */
export type TopicFate = "added" | "resumed" | "renamed" | "copied_again" | "removed";

/**
 * A row of the list of topics.
 */
export type TopicLine = { "kind": "topic" } & TopicSums | { "kind": "partition" } & PartitionLine;

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
 * A rule of Kafka for names of topics that a name breaks.
 */
export type TopicNameProblem = "empty" | "dots" | "long" | "characters";

/**
 * Says which of some topics are chosen, what they are called on the target, and what is wrong with patterns and names; asks
 * no cluster and saves nothing. A form asks it at each letter.
 */
export type TopicNaming = { 
/**
 * Which topics.
 */
objects: Objects, 
/**
 * Their names on the target.
 */
rename: Rename, 
/**
 * Names of the topics that there are.
 */
topics: Array<string>, 
/**
 * Whether source and target are one data source.
 */
same_cluster: boolean, };

/**
 * By what topics are sorted.
 */
export type TopicOrder = "topic" | "target" | "partitions" | "state" | "lag" | "copied" | "rate";

/**
 * A topic of a cut-over on both sides.
 */
export type TopicPair = { 
/**
 * Its name where applications are.
 */
source: string, 
/**
 * Its name where they go.
 */
target: string, };

/**
 * A topic on both sides.
 */
export type TopicRow = { 
/**
 * Its name at the source; none for a topic of the target alone.
 */
source_topic: string | null, 
/**
 * Its name on the target, or the one it would have there.
 */
target_topic: string, 
/**
 * At the source; none if it is not there.
 */
source: TopicShape | null, 
/**
 * On the target; none if it is not there.
 */
target: TopicShape | null, 
/**
 * How they stand to each other: partitions, replicas and every effective value.
 */
state: ParityState, 
/**
 * Settings that differ or are set on a topic; all of them where they were asked for.
 */
settings: Array<SettingRow>, 
/**
 * Settings that are the same on both sides and not listed.
 */
same_settings: number, 
/**
 * Why the configuration of a side is not known.
 */
unknown: Array<string>, };

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
 * How a topic is divided.
 */
export type TopicShape = { 
/**
 * Partitions.
 */
partitions: number, 
/**
 * Replicas of its first partition; 0 where nobody may see them.
 */
replicas: number, };

/**
 * What one topic takes.
 */
export type TopicSize = { 
/**
 * The topic.
 */
topic: string, 
/**
 * Bytes of its logs on the brokers that lead its partitions: one copy of what is stored, as it is compressed.
 * `None` where that of a partition is not known.
 */
bytes: number | null, };

/**
 * What topics take.
 */
export type TopicSizes = { 
/**
 * By topic.
 */
topics: Array<TopicSize>, 
/**
 * Why sizes are missing, where some are.
 */
unknown: string | null, };

/**
 * A topic of a task, with what its partitions are together.
 */
export type TopicSums = { 
/**
 * Source topic.
 */
topic: string, 
/**
 * Target topic.
 */
target_topic: string, 
/**
 * Whether its partitions are listed below it.
 */
is_open: boolean, 
/**
 * Partitions.
 */
partitions: number, 
/**
 * How the worst partition is.
 */
health: PartitionHealth, 
/**
 * What that one does.
 */
condition: PartitionCondition, 
/**
 * Whether that one is stuck.
 */
stuck: boolean, 
/**
 * Offsets that are not copied yet; none where no end is known.
 */
lag: number | null, 
/**
 * Records copied in all.
 */
records: number, 
/**
 * Records copied per second.
 */
rate: number, 
/**
 * The error of its worst partition that has one.
 */
error: string | null, 
/**
 * Partitions that have stopped at a gap.
 */
gaps: number, };

/**
 * A part of a task's topics.
 */
export type TopicsView = { 
/**
 * Partitions of the task, whatever is searched for.
 */
partitions: number, 
/**
 * Topics that fit.
 */
topics: number, 
/**
 * Rows of the whole list: topics, and partitions of those that are open.
 */
total: number, 
/**
 * The rows that were asked for.
 */
rows: Array<TopicLine>, };

/**
 * How a committed source offset translates.
 */
export type Translated = "exact" | "earlier" | "pending" | "before_start" | "expired" | "searched" | "unknown";

/**
 * What stands behind a trouble, as far as a shell can offer something to do about it.
 */
export type TroubleCause = "gap" | "login" | "rights" | "connection" | "storage" | "other";

/**
 * What is wrong with a task.
 */
export type TroubleView = { 
/**
 * What happened.
 */
sentence: string, 
/**
 * What stands behind it.
 */
cause: TroubleCause, 
/**
 * Which cluster it concerns, where that is known.
 */
side: Side | null, 
/**
 * The addresses at which that cluster is entered.
 */
brokers: Array<string>, 
/**
 * Since when the task is in its state, in ms since 1970.
 */
since_ms: number | null, 
/**
 * When it tries again by itself, in ms since 1970; none where it does not, or is on it.
 */
next_try_ms: number | null, };

/**
 * A part of a cluster that could not be read: nothing is said about it, least of all that it is equal.
 */
export type Unknown = { 
/**
 * Which cluster.
 */
side: Side, 
/**
 * What was asked for.
 */
part: ParityPart, 
/**
 * Why it is not known.
 */
reason: UnknownReason, 
/**
 * The same for people, with what to do.
 */
sentence: string, };

/**
 * Why something is not known.
 */
export type UnknownReason = "no_right" | "too_old" | "no_answer";

/**
 * Reads the newest version from the address of the setting `update_address`. Without an address, nothing is requested.
 */
export type UpdateCheck = Record<symbol, never>;

/**
 * What was found of a newer version.
 */
export type UpdateView = { 
/**
 * The version of this program.
 */
present: string, 
/**
 * The newest one; none without an address.
 */
newest: string | null, 
/**
 * Whether that is newer; none where it cannot be said.
 */
is_newer: boolean | null, 
/**
 * Where it can be had.
 */
page: string | null, };

/**
 * Where an effective value comes from.
 */
export type ValueOrigin = "topic" | "broker" | "default";

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
 * Partitions that only the target has and that hold records, where the task adds to topics with data: nothing tells
 * whether they are older than the task. Where it does not, their records are among the differences.
 */
unread_partitions: number, 
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
 * When a task is verified by itself, in the local time of the computer that runs it.
 */
export type VerificationSchedule = { 
/**
 * At what time.
 */
at: LocalTime, 
/**
 * On which day of the week; none for every day.
 */
day: Weekday | null, 
/**
 * Everything each time, also what earlier verifications proved; otherwise only what is newer.
 */
everything: boolean, 
/**
 * Since when this holds, in ms since 1970: what would have been due before is not made up for.
 */
since_ms: number, };

/**
 * The verification before the switch.
 */
export type VerificationSummary = { 
/**
 * When, in ms since 1970.
 */
at_ms: number, 
/**
 * The verdict in a sentence.
 */
sentence: string, 
/**
 * Whether nothing differs and nothing is missing.
 */
passes: boolean, 
/**
 * Whether there are differences that were said before the start.
 */
accepted: boolean, 
/**
 * Each partition.
 */
partitions: Array<PartitionDigest>, };

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
ended_ms: number | null, 
/**
 * What each came to, the newest first.
 */
history: Array<PastVerification>, };

/**
 * What of a task is verified; by default all of it.
 */
export type VerifyScope = { 
/**
 * Source topics; none for all of the task's.
 */
topics: Array<string>, 
/**
 * The first records at the source: a time of RFC 3339, `offset:N` or `offset:PARTITION=N,…`; none for the first that
 * were copied. Partitions that are not named are verified whole.
 */
since: string | null, };

/**
 * What a webhook's receiver understands.
 */
export type WebhookFormat = "generic" | "slack" | "feishu" | "ding_talk" | "we_com";

/**
 * A day of the week.
 */
export type Weekday = "monday" | "tuesday" | "wednesday" | "thursday" | "friday" | "saturday" | "sunday";

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
  source_sizes: { request: SourceSizes; answer: TopicSizes };
  source_groups: { request: SourceGroups; answer: Array<GroupListing> };
  source_group: { request: SourceGroup; answer: Array<PartitionLag> };
  source_group_lags: { request: SourceGroupLags; answer: Array<GroupLag> };
  source_peek: { request: SourcePeek; answer: Array<PeekedRecord> };
  source_search: { request: SourceSearch; answer: FoundRecords };
  source_follow: { request: SourceFollow; answer: FollowedRecords };
  task_create: { request: TaskCreate; answer: TaskView };
  task_create_pair: { request: TaskCreatePair; answer: TaskPairView };
  task_edit: { request: TaskEdit; answer: TaskView };
  task_list: { request: TaskList; answer: TaskPage };
  task_show: { request: TaskShow; answer: TaskView };
  task_topics: { request: TaskTopics; answer: TopicsView };
  task_partition: { request: TaskPartition; answer: PartitionProgress | null };
  task_open_gaps: { request: TaskOpenGaps; answer: Array<StoppedAtGap> };
  task_backlog: { request: TaskBacklog; answer: BacklogView | null };
  task_routes: { request: TaskRoutes; answer: Array<[string, string]> };
  topic_naming: { request: TopicNaming; answer: Naming };
  task_check: { request: TaskCheck; answer: PreCheckReport };
  task_check_cancel: { request: TaskCheckCancel; answer: boolean };
  task_start: { request: TaskStart; answer: TaskView };
  task_pause: { request: TaskPause; answer: TaskView };
  task_resume: { request: TaskResume; answer: TaskView };
  task_retry: { request: TaskRetry; answer: TaskView };
  task_terminate: { request: TaskTerminate; answer: TaskView };
  task_delete: { request: TaskDelete; answer: null };
  task_modify: { request: TaskModify; answer: TaskView };
  task_foresee: { request: TaskForesee; answer: Foreseen };
  task_tune: { request: TaskTune; answer: TaskView };
  task_policies: { request: TaskPolicies; answer: TaskView };
  task_tag: { request: TaskTag; answer: TaskView };
  task_accept_gaps: { request: TaskAcceptGaps; answer: TaskView };
  task_leave_out: { request: TaskLeaveOut; answer: TaskView };
  task_raise_message_size: { request: TaskRaiseMessageSize; answer: MessageSizeView };
  task_mute: { request: TaskMute; answer: null };
  task_move: { request: TaskMove; answer: TaskView };
  task_copy: { request: TaskCopy; answer: TaskView };
  task_export: { request: TaskExport; answer: string };
  task_import: { request: TaskImport; answer: TaskView };
  task_log: { request: TaskLogQuery; answer: Array<LogView> };
  task_changes: { request: TaskChanges; answer: Array<ChangeView> };
  task_metrics: { request: TaskMetrics; answer: Metrics };
  task_marks: { request: TaskMarks; answer: Array<MarkView> };
  task_gaps: { request: TaskGaps; answer: Array<GapView> };
  task_quarantine: { request: TaskQuarantine; answer: Array<QuarantineView> };
  task_quarantine_replay: { request: TaskQuarantineReplay; answer: ReplayedView };
  task_quarantine_discard: { request: TaskQuarantineDiscard; answer: null };
  task_verify: { request: TaskVerify; answer: VerificationReport };
  task_verify_cancel: { request: TaskVerifyCancel; answer: boolean };
  task_verification: { request: TaskVerification; answer: VerificationView };
  task_verify_schedule: { request: TaskVerifySchedule; answer: TaskView };
  task_readiness: { request: TaskReadiness; answer: ReadinessReport };
  task_readiness_cancel: { request: TaskReadinessCancel; answer: boolean };
  task_readiness_last: { request: TaskReadinessLast; answer: ReadinessView };
  task_groups: { request: TaskGroups; answer: TaskGroupsView };
  task_groups_sync: { request: TaskGroupsSync; answer: GroupsReport };
  task_groups_keep: { request: TaskGroupsKeep; answer: TaskView };
  cutover_plan: { request: CutoverPlan; answer: CutoverView };
  cutover_rehearse: { request: CutoverRehearse; answer: CutoverView };
  cutover_next: { request: CutoverNext; answer: CutoverView };
  cutover_status: { request: CutoverStatus; answer: CutoverView };
  cutover_list: { request: CutoverList; answer: Array<CutoverView> };
  cutover_back: { request: CutoverBack; answer: CutoverView };
  cutover_export: { request: CutoverExport; answer: string };
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
  update_check: { request: UpdateCheck; answer: UpdateView };
  app_info: { request: AppInfoQuery; answer: AppInfo };
  demo_start: { request: DemoStart; answer: DemoStarted };
  demo_stop: { request: DemoStop; answer: null };
  parity_compare: { request: ParityCompare; answer: ParityView };
  parity_apply: { request: ParityApply; answer: Array<Applied> };
  task_sync_configuration: { request: TaskSyncConfiguration; answer: TaskView };
  place_list: { request: PlaceList; answer: Array<PlaceView> };
  place_put: { request: PlacePut; answer: Place };
  place_remove: { request: PlaceRemove; answer: null };
  place_test: { request: PlaceTest; answer: PlaceCheck };
  place_retry: { request: PlaceRetry; answer: null };
}
