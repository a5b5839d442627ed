import type { Sentence } from '../../sentences';

/** What is said of consumer groups and their positions. */
export const groups: Sentence[] = [
  ['the consumer groups of the {*side} cannot be asked for: {*error}', '无法查询{side}的消费组：{error}'],
  ["the source has no consumer group '{group}'; `sluice task groups TASK` lists those that read the task's topics", '源上没有消费组“{group}”；`sluice task groups TASK` 列出读取任务主题的消费组'],
  [
    'the {*side} is another cluster now ({@now}) than the one the task was launched with ({@then}): offsets of the one mean nothing in the other; correct the address of its data source',
    '{side}现在是另一个集群（{now}），与任务启动时的集群（{then}）不同：两者的偏移量互不相干；请更正其数据源的地址',
  ],
  ['asking for its id', '查询其 ID'],
  ["it has no committed offsets in the task's topics", '它在任务的主题中没有已提交的偏移量'],
  ['listing the consumer groups', '列出消费组'],
  ['reading the committed offsets', '读取已提交的偏移量'],
  ['describing the consumer groups', '查询消费组详情'],
  ["the broker's answer leaves it out", 'broker 的应答中没有它'],
  [
    'broker {#broker} of the source does not answer, and groups that it coordinates are missing here: {*error}',
    '源的 broker {broker} 没有应答，此处缺少由它协调的消费组：{error}',
  ],
  [
    'consumers from before Kafka 0.9, and those with offsets.storage=zookeeper, keep their offsets in ZooKeeper: they are not listed here and not moved',
    'Kafka 0.9 之前的消费者，以及设置了 offsets.storage=zookeeper 的消费者，把偏移量保存在 ZooKeeper 中：此处不列出，也不迁移',
  ],

  [
    'it is a share group: its broker keeps which records were acknowledged, and no offset says that; start it on the target where it is to begin',
    '这是共享消费组：由 broker 记录哪些记录已确认，没有偏移量能说明这一点；请在目标上从希望的位置启动它',
  ],
  [
    "it is a Streams group: its state lies in internal topics too, which are not copied; use Kafka's application reset tool and start it on the target",
    '这是 Streams 消费组：其状态还保存在内部主题中，这些主题不会被复制；请使用 Kafka 的应用重置工具并在目标上启动它',
  ],
  [
    "it is a Kafka Streams application, as its internal topic '{topic}' shows: its state lies there too, and positions alone would tear both apart; use Kafka's application reset tool and start it on the target. If it is none, set its positions with kafka-consumer-groups",
    '这是 Kafka Streams 应用，由其内部主题“{topic}”可知：其状态也保存在那里，只迁移位置会使两者脱节；请使用 Kafka 的应用重置工具并在目标上启动它。若它并不是，请用 kafka-consumer-groups 设置其位置',
  ],
  [
    "'{group}' looks like the group of Kafka Connect's sink connector '{connector}': its positions move like those of any consumer; stop the connector first, and see whether it keeps positions of its own where it writes to",
    '“{group}”看起来是 Kafka Connect 的 sink 连接器“{connector}”的组：其位置像任何消费者的位置一样迁移；请先停止该连接器，并查看它是否在写入处另存自己的位置',
  ],
  ["it is a group of the protocol '{protocol}' and not of consumers; its program keeps its positions elsewhere", '这是协议“{protocol}”的组，不是消费者组；其程序把位置保存在别处'],
  ['its committed offsets cannot be read at the source: {*error}', '无法读取它在源上已提交的偏移量：{error}'],
  ['its committed offsets cannot be read on the target: {*error}', '无法读取它在目标上已提交的偏移量：{error}'],
  ['{#n} of its positions cannot be read at the source, the first of them in {@partition}: {*error}', '它在源上有 {n} 个位置无法读取，其中第一个在 {partition}：{error}'],
  ['the target was not asked for it', '没有向目标查询它'],
  ['whether it has members on the target is not known: {*error}', '不知道它在目标上是否有成员：{error}'],
  ['the target has a group of this name that is not one of consumers; its offsets are not touched', '目标上有同名但不是消费者的组；不改动其偏移量'],
  ['it has members on the target: it reads there, and is left alone from now on', '它在目标上有成员：正在目标上读取，从现在起不再改动'],
  ['it has got members on the target meanwhile: it reads there, and is left alone from now on', '在此期间它在目标上有了成员：正在目标上读取，从现在起不再改动'],
  [
    "it was in use on the target and is left alone for good; to move it all the same, stop it and set its offsets with Kafka's own tools",
    '它已在目标上使用过，永久不再改动；如仍要迁移，请停止它并用 Kafka 自带工具设置其偏移量',
  ],
  [
    'another program has committed for it on the target since the last sync (at {@partition}): it is in use there, and is left alone from now on',
    '上次同步之后有其他程序在目标上为它提交了偏移量（{partition}）：它正在目标上使用，从现在起不再改动',
  ],

  ['it is not proved, so nothing is committed: {*why}', '未能证明，因此不提交：{why}'],
  ['not proved: {*why}', '未证明：{why}'],
  ['only exact positions are to be committed', '仅提交精确位置'],
  [
    'the group stands at offset {#current} on the target, {#n} further than the translation; it is set back only with --rewind',
    '该消费组在目标上位于偏移量 {current}，比对应位置超前 {n}；只有使用 --rewind 才会往回设',
  ],
  ['the target refused the commit: {*error}', '目标拒绝了提交：{error}'],
  ['it was not asked for', '没有查询它'],

  ['the partition is not copied', '该分区没有被复制'],
  ['the partition is not copied yet', '该分区尚未复制'],
  ['the partition is not copied yet; start the task first', '该分区尚未复制；请先启动任务'],
  ['the partition has had no leader since the task was launched, and nothing of it is copied', '任务启动以来该分区一直没有 leader，其内容均未复制'],
  [
    'the copy stands at offset {#position}, {#n} before the group; it is committed when the copy has come that far',
    '复制位于偏移量 {position}，比消费组落后 {n}；复制到达后再提交',
  ],
  ['the copy begins at offset {#start}, so {#n} offsets that the group has not read are not on the target', '复制从偏移量 {start} 开始，因此该消费组尚未读取的 {n} 个偏移量不在目标上'],
  [
    'the source had lost {#n} offsets that the group has not read before the copy began at offset {#start}',
    '复制从偏移量 {start} 开始之前，源已丢失该消费组尚未读取的 {n} 个偏移量',
  ],
  ["the target's log begins at offset {#low} by now: {#n} offsets that the group has not read are gone there", '目标日志现在从偏移量 {low} 开始：该消费组尚未读取的 {n} 个偏移量已不在目标上'],
  [
    "the target's log ends at offset {#high}, before the place at offset {#place}: it has lost records, or was created again",
    '目标日志结束于偏移量 {high}，在对应偏移量 {place} 之前：目标丢失了记录，或被重新创建',
  ],
  [
    "the source topic '{topic}' was deleted and created again, and the task has not taken that in; resume the task first",
    '源主题“{topic}”被删除后重新创建，任务尚未处理；请先恢复任务',
  ],
  [
    "the target topic '{topic}' was deleted and created again since the task was launched; its offsets are not those that were noted",
    '任务启动以来目标主题“{topic}”被删除后重新创建；其偏移量与记录的不符',
  ],
  ['the offset map leaves the place open, and the target cannot be read there: {*error}', '偏移量映射无法确定该位置，且目标在该处无法读取：{error}'],
  ['the offset map leaves the place open, and the source has lost the records from there on', '偏移量映射无法确定该位置，且源已丢失其后的记录'],
  ['the offset map leaves the place open, and the record is not among {#n} offsets of the target', '偏移量映射无法确定该位置，且在目标的 {n} 个偏移量中没有找到该记录'],
  [
    'the offset map leaves the place open, and the record at source offset {#offset} stands {#n} times on the target where it could be',
    '偏移量映射无法确定该位置，且源偏移量 {offset} 处的记录在目标的可能范围内出现 {n} 次',
  ],
  ['the offset map leaves the place open, and the records there cannot be read: {*error}', '偏移量映射无法确定该位置，且该处的记录无法读取：{error}'],

  ['the next records, at source offset {#source} and at target offset {#target}, differ in {,fields}', '下一条记录（源偏移量 {source}，目标偏移量 {target}）不同：{fields}'],
  ["the source's next record is at offset {#offset}, and the target has none", '源的下一条记录在偏移量 {offset}，目标没有下一条记录'],
  ["the target's next record is at offset {#offset}, and the source has none", '目标的下一条记录在偏移量 {offset}，源没有下一条记录'],
  ['the source no longer has the record that comes next: its log begins at offset {#low}', '源已没有下一条记录：其日志从偏移量 {low} 开始'],
  ['the source no longer has the record that comes next, which was copied from offset {#offset}', '源已没有下一条记录，它复制自偏移量 {offset}'],
  ['the target no longer has the record that comes next, which was copied to offset {#offset}', '目标已没有下一条记录，它曾被复制到偏移量 {offset}'],
  ['the {*side} cannot be read: {*error}', '无法读取{side}：{error}'],
  ['too many of the records that come next are gone on one of the sides', '其中一侧的后续记录丢失过多'],

  ['the interval between two syncs of groups must be at least 1 second', '两次同步消费组的间隔至少为 1 秒'],
  ['name groups, or choose all of them, not both', '请指定消费组，或选择全部，不能同时使用'],
  ['choose the groups to sync, or all of them', '请选择要同步的消费组，或选择全部'],
  ["a sync of this task's consumer groups is under way; wait for it", '本任务的消费组正在同步；请等待'],
  ['consumer groups synced: {#n} positions of {#groups} groups committed on the target, {#failed} not', '已同步消费组：{groups} 个消费组的 {n} 个位置已在目标上提交，{failed} 个未提交'],
  ["consumer group '{group}' is not synced: {*why}", '消费组“{group}”未同步：{why}'],
  ['it is further on the target than at the source, and is not set back', '它在目标上比在源上超前，不往回设'],
  ['consumer groups could not be synced: {*error}', '无法同步消费组：{error}'],
  ['consumer groups are synced again', '消费组已恢复同步'],
];
