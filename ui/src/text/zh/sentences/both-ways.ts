import type { Sentence } from '../../sentences';

/** Two tasks that copy the same topics in both directions. */
export const bothWays: Sentence[] = [
  // What a pair cannot have.
  ['a pair that copies both ways {*reason}', '双向复制的一对任务{reason}'],
  ['has the same topic names on both sides: leave the renaming out', '两侧主题名称相同：请去掉重命名'],
  ["writes behind what the topics hold: choose 'append' for existing data", '写在主题已有记录之后：已有数据请选择“追加”'],
  [
    'cannot keep offsets equal, because both sides are written: choose exactly once or at least once',
    '无法保持偏移量相同，因为两侧都有写入：请选择恰好一次或至少一次',
  ],
  ['has no end position: leave it out', '没有结束位置：请去掉'],
  [
    'starts where both sides have it: earliest, latest, a time or the last records; offsets and groups are of one side',
    '只能从两侧都有的位置开始：最早、最新、某个时间或最后若干条记录；偏移量和消费组只属于一侧',
  ],
  ['runs on this computer: a Connect cluster cannot leave out what the other task wrote', '必须在本机运行：Connect 集群无法排除另一个任务写入的记录'],
  ['cannot keep the configuration of its topics in step: each side would follow the other', '无法同步主题配置：两侧会互相跟随'],

  // Pre-check and start.
  [
    'the wire lane cannot be used, and a pair that copies both ways needs it to leave out what the other task wrote: {*why}',
    '无法使用 wire 通道，而双向复制需要它来跳过另一个任务写入的记录：{why}',
  ],
  [
    'a pair of tasks needs clusters with ids (Kafka 0.10.1 and newer): producers are told by them',
    '双向复制需要有 ID 的集群（Kafka 0.10.1 及更高版本），以便识别生产者',
  ],
  ['the clusters of a pair that copies both ways have no ids to tell them by', '双向复制的两个集群没有可供识别的 ID'],
  [
    'what the other task of the pair wrote could not be left out, and would be copied without end',
    '另一个任务写入的记录无法跳过，会被无休止地复制',
  ],
  ['copy one way only; clusters have ids from Kafka 0.10.1 on', '请只做单向复制；Kafka 0.10.1 起集群才有 ID'],
  [
    'the other task of the pair copies in the other direction, and each leaves out what the other wrote',
    '另一个任务向相反方向复制，各自跳过对方写入的记录',
  ],
  [
    "they stay, and the copy is written behind them; the other task of the pair copies them to this one's source",
    '它们会保留，复制的记录写在其后；另一个任务会把它们复制到此任务的源',
  ],
  [
    "none needed if this is meant; a start at 'latest' leaves what both sides have as it is",
    '如果是有意为之，则无需处理；从“最新”开始则两侧已有的记录各自留在原处',
  ],
  ['a pair of tasks has copied from this source to this target before', '此前已有一对任务从此源复制到此目标'],
  [
    'what it copied is still left out in the other direction, and what it took from this source is copied once more unless the start is behind it',
    '它复制的记录在相反方向仍会跳过；它从此源取过的记录会再复制一次，除非起始位置在其后',
  ],
  ["choose the start 'latest' for the pair, or empty the topics of one side first", '请为这对任务选择从“最新”开始，或先清空一侧的主题'],
  ["these topics were copied between the two clusters before, by {'names}", '这些主题此前由 {names} 在两个集群间复制过'],
  [
    'a pair does not know those copies from what applications wrote: they are copied back to where they came from',
    '双向复制无法区分那些副本与应用程序写入的记录：它们会被复制回来源处',
  ],
  ['both sides of the pair are written by applications, as is meant', '两侧都由应用程序写入，符合预期'],
  ["{'names} is compacted and written on both sides", '{names} 是压实主题，且两侧都有写入'],
  [
    'where both sides write the same key, each keeps the record that came last there, and these may differ; a verification counts such keys',
    '如果两侧写入相同的键，每侧保留在该侧最后到达的记录，两侧可能不同；校验会统计这样的键',
  ],
  ['see that each key is written on one side only', '请确保每个键只在一侧写入'],

  ["the source does not have {'names} yet", '源上还没有 {names}'],
  [
    'the other task of the pair makes them when it starts, and from then on they are copied',
    '另一个任务启动时会创建它们，此后便会复制',
  ],
  ['start the other task', '请启动另一个任务'],

  // While it runs.
  [
    'whether the other task of the pair has written what comes next cannot be found out: {*error}',
    '无法确定接下来的记录是否由另一个任务写入：{error}',
  ],
  [
    'a record cannot be replayed by a task of a pair that copies both ways: the other task would take it for an application\'s and copy it back; discard it, and have its application write it again',
    '双向复制的任务不能重放记录：另一个任务会把它当作应用程序写入的记录复制回来；请丢弃它，并让应用程序重新写入',
  ],
  ['whose records these are cannot be found out: {*why}', '无法确定这些记录由谁写入：{why}'],
  ['no stored batch holds offset {#offset}', '没有存储的批次包含偏移量 {offset}'],
  ['a pair that copies both ways cannot be verified: its clusters have no ids', '无法校验双向复制：集群没有 ID'],
  [
    'the wire client cannot read both sides, and without it it is not known which records the other task of the pair has written',
    'wire 客户端无法读取两侧，因而无法分辨哪些记录由另一个任务写入',
  ],
  [
    'of {#count} keys it cannot be told whether the record that one side lacks was superseded or lost; the first is key {~key} at source offset {#offset}',
    '有 {count} 个键无法判断一侧缺少的记录是被取代还是丢失；第一个是源偏移量 {offset} 处的键 {key}',
  ],
  [
    'of {#count} keys it cannot be told whether the record that one side lacks was superseded or lost; the first is key {~key} at target offset {#offset}',
    '有 {count} 个键无法判断一侧缺少的记录是被取代还是丢失；第一个是目标偏移量 {offset} 处的键 {key}',
  ],
  [
    'in {#n} partitions it was not counted how many keys end with different records on the two sides',
    '有 {n} 个分区未统计多少个键在两侧的最后一条记录不同',
  ],
  [
    "its partner '{name}' was deleted: it copies one way from now on, and still leaves out what that one wrote",
    '反方向的任务“{name}”已被删除：此后只做单向复制，并仍跳过那个任务写入的记录',
  ],

  // Commands.
  ['a pair is made of two new tasks; leave the partner out', '一对任务由两个新任务组成；请去掉另一个任务'],
  [
    'a task of a pair that copies both ways is not made alone, nor taken over from another data folder: what its partner wrote is known where the partner runs; make both as one pair',
    '双向复制的任务不能单独创建，也不能从其他数据文件夹接管：只有在另一个任务运行之处才知道它写入了什么；请一起创建这一对任务',
  ],
  ['a task gets or loses no partner; make a pair, or a task without one', '任务不能新增或失去另一个任务；请创建一对任务，或创建单独的任务'],
  [
    'the other task of the pair was started, and both copy the same topics between the same data sources; to have others, delete both and make another pair',
    '另一个任务已启动，而两者在相同的数据源之间复制相同的主题；若要更改，请删除两者并另建一对任务',
  ],
  [
    'the two tasks of the pair do not copy the same topics: save one of them again, or delete both and make another pair',
    '这对任务复制的主题不一致：请重新保存其中一个，或删除两者并另建一对任务',
  ],
  ["'{name}' is one of two tasks that copy both ways: {*why}", '“{name}”是双向复制的两个任务之一：{why}'],
  [
    'there is nothing to cut over, as applications may write on both sides at any time; move its consumer groups instead',
    '无需切换，因为应用程序可随时在两侧写入；请改为迁移其消费组',
  ],
  [
    'its target is written by applications already, so that there is no moment to move them at; move its consumer groups at any time',
    '应用程序已在写入其目标，没有需要迁移的时刻；其消费组可随时迁移',
  ],

  // Consumer groups.
  [
    'the consumer groups of a pair that copies both ways are placed by what both of its tasks have copied, and {*why}',
    '双向复制的消费组位置由两个任务已复制的内容确定，而{why}',
  ],
  ['this one was not started yet: start both first', '此任务尚未启动：请先启动两个任务'],
  [
    'the other one was not started, or was deleted: start both first; what a deleted one has copied is not known any more',
    '另一个任务尚未启动或已被删除：请先启动两个任务；已删除的任务复制过什么已无从得知',
  ],
  ['they were not started between the same two clusters', '它们不是在相同的两个集群之间启动的'],
  ['the other task of the pair has not begun with the partition; start it first', '另一个任务尚未开始复制该分区；请先启动它'],
  ['of the other task of the pair: {*why}', '另一个任务：{why}'],
  [
    'where the logs of both sides begin and end could not be asked for; try again when their leaders answer',
    '无法查询两侧日志的起止位置；请在其 leader 应答后重试',
  ],
  [
    'one of the two logs ends before what was copied to it: it has lost records, or was created again',
    '其中一侧的日志在已复制到它的记录之前就结束了：它丢失了记录，或被重新创建',
  ],
  ['what is stored around the place cannot be read: {*error}', '无法读取该位置附近存储的内容：{error}'],
  [
    'at most {#n} records from there on were read already: the two sides hold them in another order',
    '从那里起最多有 {n} 条记录已经读过：两侧的记录顺序不同',
  ],
  [
    '{*reason}; at most {#n} records from there on were read already: the two sides hold them in another order',
    '{reason}；从那里起最多有 {n} 条记录已经读过：两侧的记录顺序不同',
  ],
  [
    'it is where the other task of the pair put it, and has not read on there: it is still on the target',
    '它停在另一个任务放置的位置，此后没有在那里读取：它仍在目标上',
  ],
  ['the other task of the pair made it of the one on the target, which stays', '它由另一个任务根据目标上的位置得出，目标上的位置保持不变'],
  [
    'the other task of the pair made it of offset {#offset} on the target, which has forgotten that; nothing is committed until the group reads on',
    '它由另一个任务根据目标上的偏移量 {offset} 得出，而目标已忘记该偏移量；在该消费组继续读取之前不提交',
  ],
  ['the partition is not copied both ways yet', '该分区尚未双向复制'],
  [
    "neither task of the pair has noted the source's next record, at offset {#offset}",
    '两个任务都没有记录源上偏移量 {offset} 处的下一条记录',
  ],
  [
    'the record at target offset {#missed} is not read yet, and stands before the place at offset {#place}',
    '目标上偏移量 {missed} 处的记录尚未读取，却位于偏移量 {place} 之前',
  ],
  [
    'the {*side} no longer has the record that comes next, at offset {#offset}',
    '{side}已没有偏移量 {offset} 处的下一条记录',
  ],
  [
    'their topics are chosen when they are made; make another pair for further topics, or delete both tasks and make one with other topics',
    '主题在创建时选定；如需更多主题，请另建一对任务，或删除两者后用其他主题创建',
  ],
];
