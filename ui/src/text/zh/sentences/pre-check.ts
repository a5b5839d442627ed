import type { Sentence } from '../../sentences';

/** Items of the pre-check: cause, effect and remedy. */
export const preCheck: Sentence[] = [
  // Words within sentences.
  ['source', '源'],
  ['target', '目标'],
  ['{*list} and {#more} more', '{list} 等，另有 {more} 项'],
  ['{#n} broker[s]', '{n} 个 broker'],
  ['{#n} topic[s]', '{n} 个主题'],
  ['{#n} partition[s]', '{n} 个分区'],
  ['{#n} days', '{n} 天'],
  ['{#n} h', '{n} 小时'],
  ['{#n} min', '{n} 分钟'],
  ['{#n} s', '{n} 秒'],
  ['{#n} ms', '{n} 毫秒'],
  ['{#n} bytes', '{n} 字节'],
  ['{#n} ms since 1970', '1970 年以来 {n} 毫秒'],
  ['ever', '永久'],

  // What several items share.
  ['nothing can be copied', '无法复制任何内容'],
  ['there is nothing to copy', '没有可复制的内容'],
  ['nothing can be written', '无法写入任何内容'],
  ['none needed', '无需处理'],
  ['none needed if this is meant', '如果是有意为之，则无需处理'],
  ['without the right the topic waits with its error, and the others are copied', '没有该权限时，该主题带着错误等待，其他主题照常复制'],
  ['not checked: {*why}', '未检查：{why}'],
  ['the cluster cannot be reached', '无法连接集群'],
  ['the {*side} cluster was not asked: {*error}', '没有询问{side}集群：{error}'],
  ['the task cannot start as it is described', '按目前的描述，任务不能启动'],
  ['correct the task, and check it again', '请更正任务，然后重新检查'],
  ['the pre-check was cancelled', '预检查已取消'],
  ['the pre-check was interrupted', '预检查被中断'],
  ['no answer within {#n} s', '{n} 秒内没有应答'],
  ['what this item is about shows only when the task runs', '这一项的情况只有在任务运行时才能知道'],
  ['see the connection of both clusters, and check again', '请查看两个集群的连接情况，然后重新检查'],

  // Connection.
  ['{*brokers} answer', '{brokers} 有应答'],
  [
    'the {*side} cluster answers, but sends clients to addresses that cannot be reached from this computer: {*list}',
    '{side}集群有应答，但它让客户端连接的地址从本机都无法连到：{list}',
  ],
  [
    'open these addresses in firewalls and DNS, have advertised.listeners of the brokers changed to addresses that this computer can reach, or give such addresses in the address map of the data source',
    '在防火墙和 DNS 中放通这些地址，或把 broker 的 advertised.listeners 改为本机可以连到的地址，或在数据源的地址映射中填写这样的地址',
  ],
  ['the {*side} cluster answers, but not all of it can be reached from this computer: {*list}', '{side}集群有应答，但从本机无法连到其全部 broker：{list}'],
  ['partitions that such a broker leads cannot be copied, and the copy stops when the others are gone', '以这类 broker 为 leader 的分区无法复制；其他 broker 也不可用时，复制就会停止'],
  [
    'start the broker, open the port in the firewall, or correct advertised.listeners so that it names an address that this computer can reach; take addresses that are gone out of the bootstrap list',
    '启动该 broker，在防火墙中放行端口，或修正 advertised.listeners，使其公布本机可达的地址；并从 bootstrap 列表中去掉已失效的地址',
  ],
  ['cannot connect to the {*side} cluster at {address}: {*cause}', '无法连接{side}集群 {address}：{cause}'],
  ['cannot connect to the {*side} cluster: {*cause}', '无法连接{side}集群：{cause}'],
  ['correct the settings of the data source', '请更正数据源的设置'],
  ['the task was not launched before', '任务此前没有启动过'],
  ["task '{task}' was launched with the {*side} cluster {@known}, but {@now} answers now", '任务“{task}”启动时的{side}集群是 {known}，现在应答的却是 {now}'],
  ['both are the clusters that the task was launched with', '两侧都是任务启动时的集群'],
  ['its positions mean nothing on another cluster', '它的位置在另一个集群上没有意义'],
  ['give the address of the right cluster, or start a new task with another --name', '请填写正确集群的地址，或另建一个任务（--name 另取名称）'],
  ['{*who} at {@address} ({*why})', '{who} {address}（{why}）'],
  ['bootstrap address', 'bootstrap 地址'],
  ['broker {#id}', 'broker {id}'],
  ['its name is unknown here: {*error}', '在本机无法解析其主机名：{error}'],
  ['its name has no address', '其主机名没有对应的地址'],
  ['it closes the connection at once', '它立即关闭了连接'],

  // Loops.
  ["source and target are the same cluster, and {'names} would be copied onto itself", '源和目标是同一个集群，{names} 会被复制到自身'],
  ['each copied record would be copied again, without end', '每条复制过的记录都会再次被复制，没有尽头'],
  ['choose another target cluster, or rename the topics on the way (--rename, --prefix)', '请选择其他目标集群，或在复制时重命名主题（--rename、--prefix）'],
  ['source and target are the same cluster, and a target topic is also a source of this task', '源和目标是同一个集群，且某个目标主题同时也是本任务的源主题'],
  ['copied records would be copied again, without end', '复制过的记录会再次被复制，没有尽头'],
  ['narrow the topics (--exclude) so that no target topic is chosen as a source', '请缩小主题范围（--exclude），使目标主题不会被选为源主题'],
  ['no loop within this task; the clusters have no ids to compare', '本任务内没有循环；两个集群没有可供识别的集群 ID，无法判断其他任务'],
  ['each record would travel in a circle, without end', '每条记录会循环复制，没有尽头'],
  ['rename the topics in one direction, or end the other task', '请在其中一个方向上重命名主题，或结束另一个任务'],
  ['{*loop}; that task does not run now', '{loop}；该任务目前没有运行'],
  ['once it runs, each record travels in a circle, without end', '它一旦运行，每条记录就会循环复制，没有尽头'],
  ['rename the topics in one direction, or delete the other task', '请在其中一个方向上重命名主题，或删除另一个任务'],
  ['records travel on through several tasks: their delays add up, and each holds what the one before it let through', '记录会接连经过多个任务：延迟会累加，每个任务只能得到前一个任务放行的内容'],
  ['no loop', '没有循环'],
  ["task '{task}' copies {'names} in the other direction", '任务“{task}”在反方向上复制 {names}'],
  ["{'names} comes back through tasks {'tasks}", '{names} 会经由任务 {tasks} 复制回来'],
  ["task '{task}' writes to {'names}, which this task reads", '任务“{task}”写入 {names}，而本任务读取它'],
  ["task '{task}' reads {'names}, which this task writes to", '任务“{task}”读取 {names}，而本任务写入它'],

  // Data on the target.
  ['the task was launched before: what the target topics hold is left alone', '任务此前启动过：目标主题中的数据保持不动'],
  ['the target topics are empty or will be created', '目标主题为空，或将被创建'],
  ['{#n} target topics hold data: {*list}', '{n} 个目标主题中已有数据：{list}'],
  ["'{@topic}' ({#offsets} offsets)", "'{topic}'（{offsets} 个偏移量）"],
  ['the copy would be mixed with other records', '复制的记录会与其他记录混在一起'],
  [
    'choose --existing append to write behind them, --existing rewrite to delete them first, or other target names',
    '选择“追加”（--existing append）写在其后，选择“删除后重写”（--existing rewrite）先行删除，或改用其他目标名称',
  ],
  ['they stay, and the copy is written behind them', '它们会保留，复制的记录写在其后'],
  ['they are DELETED at the first launch, once', '它们会在首次启动时被删除，仅此一次'],
  ['choose --existing append or stop to keep them', '如要保留，请选择“追加”或“停止”（--existing append 或 stop）'],
  ["{'names} is also a source of a task", '{names} 同时也是某个任务的源主题'],
  ['deleting it would delete what is to be copied', '删除它就会删除要复制的数据'],
  ['choose --existing append, or another target name', '请选择“追加”（--existing append），或改用其他目标名称'],

  // Delivery.
  [
    "at each start the end of the target's log is matched with the source, so that nothing is copied twice; other writers on the target topics would disturb that",
    '每次启动时会将目标日志末尾与源比对，以免重复复制；若有其他程序写入目标主题，比对会受到干扰',
  ],
  [
    'let no other program write to the target topics; with a target of version 0.11 or later transactions are used',
    '请勿让其他程序写入目标主题；目标为 0.11 或更高版本时会使用事务',
  ],
  [
    'the target has transaction.state.log.replication.factor={#factor} and {#brokers} brokers, and has never had a transaction',
    '目标的 transaction.state.log.replication.factor={factor}，却只有 {brokers} 个 broker，且从未有过事务',
  ],
  ['it cannot make its internal topic, and every transaction waits for ever', '它无法创建内部主题，所有事务都会一直等待'],
  [
    "set transaction.state.log.replication.factor (and transaction.state.log.min.isr) of the target's brokers to what they can hold, or choose --delivery at-least-once",
    '请将目标 broker 的 transaction.state.log.replication.factor（以及 transaction.state.log.min.isr）设为其可承载的值，或选择“至少一次”（--delivery at-least-once）',
  ],
  [
    'the target allows transactions of {#longest} ms (transaction.max.timeout.ms), the copy needs {#needed} ms',
    '目标允许的事务时长为 {longest} 毫秒（transaction.max.timeout.ms），而复制需要 {needed} 毫秒',
  ],
  ["the target refuses the copy's transactions", '目标会拒绝复制所用的事务'],
  [
    "set transaction.max.timeout.ms={#ms} or more on the target's brokers, or choose --delivery at-least-once",
    '请在目标 broker 上设置 transaction.max.timeout.ms={ms} 或更大，或选择“至少一次”（--delivery at-least-once）',
  ],
  ["this user may not use the group '{group}' on the target: {*error}", '此用户无权使用目标上的消费组“{group}”：{error}'],
  ['positions cannot be kept in the transactions that carry the records', '无法将位置与记录保存在同一事务中'],
  [
    "give the user READ on groups with the prefix 'sluice.' (kafka-acls --add --operation Read --group sluice. --resource-pattern-type prefixed), or choose --delivery at-least-once; the group is '{group}'",
    '请授予该用户对前缀为“sluice.”的消费组的 READ 权限（kafka-acls --add --operation Read --group sluice. --resource-pattern-type prefixed），或选择“至少一次”（--delivery at-least-once）；该消费组为“{group}”',
  ],
  ['this user may not write idempotently to the target: {*error}', '此用户无权对目标进行幂等写入：{error}'],
  ['the target refuses every record', '目标会拒绝所有记录'],
  [
    'give the user IDEMPOTENT_WRITE on the cluster (kafka-acls --add --operation IdempotentWrite --cluster); from version 2.8 on WRITE on a topic is enough',
    '请授予该用户对集群的 IDEMPOTENT_WRITE 权限（kafka-acls --add --operation IdempotentWrite --cluster）；从 2.8 起，对某个主题的 WRITE 权限就足够',
  ],
  ["{*delivery}; whether this user may use the transactional id '{id}' cannot be asked for", '{delivery}；无法查询此用户能否使用事务 ID“{id}”'],
  ['without the right the start is refused, before anything is copied', '没有该权限时，启动会在复制任何内容之前被拒绝'],
  [
    "give the user WRITE and DESCRIBE on transactional ids with the prefix 'sluice.' (kafka-acls --add --operation Write --operation Describe --transactional-id sluice. --resource-pattern-type prefixed)",
    '请授予该用户对前缀为“sluice.”的事务 ID 的 WRITE 和 DESCRIBE 权限（kafka-acls --add --operation Write --operation Describe --transactional-id sluice. --resource-pattern-type prefixed）',
  ],
  ['exactly-once (target transactions)', '恰好一次（目标事务）'],
  ['exactly-once by reconciliation (the target is older than 0.11 and has no transactions)', '通过比对实现恰好一次（目标早于 0.11，没有事务）'],
  ['at-least-once (idempotent writes)', '至少一次（幂等写入）'],
  ['at-least-once (the target is older than 0.11: no idempotent writes)', '至少一次（目标早于 0.11，没有幂等写入）'],

  // Mirror.
  ["mirror (every record at its source's offset)", '镜像（每条记录都保持源上的偏移量）'],
  ['the target is older than 0.11: it has no transactions, and its offsets cannot be kept equal', '目标早于 0.11：没有事务，无法保持偏移量相同'],
  ['the task cannot start as a mirror', '任务无法作为镜像启动'],
  ['choose another --delivery', '请选择其他投递语义（--delivery）'],
  ['target topics are not new: {*topics}', '目标主题不是新的：{topics}'],
  ["'{topic}' (partition {#partition} ends at offset {#end})", '“{topic}”（分区 {partition} 止于偏移量 {end}）'],
  [
    'offsets that are taken cannot be given to other records, even if the topic is empty now',
    '已占用的偏移量无法再分配给其他记录，即使该主题现在是空的',
  ],
  [
    'delete the target topics, or choose other target names; with another --delivery they can stay',
    '请删除这些目标主题，或改用其他目标名称；选择其他投递语义（--delivery）时可以保留',
  ],
  ['consumers could not go on at the same places', '消费者无法在相同的位置继续'],
  [
    'give the target topic as many partitions as its source, or let the launch make it',
    '请让目标主题的分区数与源相同，或由启动过程创建它',
  ],
  [
    "{'topics} begins behind offset 0 at the source and is only compacted on the target",
    '{topics} 在源上从偏移量 0 之后开始，而在目标上只是压缩主题',
  ],
  [
    'brokers delete no records of such topics, so the filler before the first offset stays until the cleaner takes it; readers of committed records do not see it',
    'broker 不会删除这类主题的记录，因此第一个偏移量之前的填充记录会保留到清理程序将其清除为止；只读已提交记录的消费者看不到它们',
  ],
  [
    'none needed; with cleanup.policy=delete on the target topic until the copy has begun, it is deleted at once',
    '无需处理；若在复制开始之前对目标主题设置 cleanup.policy=delete，填充记录会立即删除',
  ],
  [
    "whether this user may delete records of {'topics} cannot be found out: the target does not report rights (before 2.3), or the topic does not exist yet",
    '无法得知此用户能否删除 {topics} 的记录：目标不报告权限（早于 2.3），或主题尚不存在',
  ],
  [
    'without the right the filler before the first offset is not deleted, and the copy does not begin',
    '没有该权限时，第一个偏移量之前的填充记录不会被删除，复制也不会开始',
  ],
  [
    'give the user DELETE on the topic (kafka-acls --add --operation Delete --topic NAME)',
    '请授予该用户对该主题的 DELETE 权限（kafka-acls --add --operation Delete --topic NAME）',
  ],
  [
    'its source begins behind offset 0: the offsets before are filled, and the filler is then deleted',
    '其源从偏移量 0 之后开始：之前的偏移量会先被填充，填充记录随后删除',
  ],
  [
    'each stretch of offsets without a record (markers of transactions, aborted and compacted records) is filled by a transaction of its own, about {#ms} ms: {*topics}',
    '每一段没有记录的偏移量（事务标记、已中止或被压缩清除的记录）都由一个单独的事务填充，约需 {ms} 毫秒：{topics}',
  ],
  ["'{topic}' has about {#holes} of them, which take about {time}", '“{topic}”约有 {holes} 处，约需 {time}'],
  [
    'a mirror is the wrong mode for compacted topics and for sources with many small transactions',
    '镜像不适合压缩主题，也不适合有大量小事务的源',
  ],
  ['choose exactly-once where equal offsets are not needed', '若不需要偏移量相同，请选择“恰好一次”'],
  ["{'topics} is compacted at the source", '{topics} 在源上是压缩主题'],
  [
    'each record that compaction took costs about {#ms} ms, and the target holds filler there that readers of uncommitted records see until its cleaner takes it',
    '每条被压缩清除的记录约需 {ms} 毫秒；目标在该处保留填充记录，读取未提交记录的消费者会看到它们，直到目标的清理程序将其清除',
  ],
  [
    'the wire lane cannot be used, and equal offsets need it: {*why}; choose another --delivery',
    '无法使用按批次传输，而偏移量相同需要它：{why}；请选择其他投递语义（--delivery）',
  ],

  // Estimates.
  ['{#n} offsets are to be copied, but no record could be read to estimate their size', '有 {n} 个偏移量待复制，但读不到可用于估算大小的记录'],
  ['the room that the copy takes on the target is not known', '无法得知复制会占用目标多少空间'],
  [
    "compare the size of the source topics (kafka-log-dirs) with the free space of the target's brokers",
    '请将源主题的大小（kafka-log-dirs）与目标 broker 的可用空间进行比较',
  ],
  [
    "{#n} offsets, about {*data} of keys and values, about {*disks} on the target's disks with all replicas and before compression; estimated from {#records} sampled records. The free space of the brokers cannot be read over this protocol: compare it by hand",
    '{n} 个偏移量，键和值约 {data}，计入全部副本、压缩前在目标磁盘上约占 {disks}；根据 {records} 条抽样记录估算。broker 的可用空间无法通过此协议读取，请自行比较',
  ],
  ['nothing is to be copied now', '目前没有需要复制的内容'],
  ['{#n} offsets: too few to measure a speed, a matter of seconds', '{n} 个偏移量：太少，无法测速，几秒即可完成'],
  ['{#n} offsets are to be copied, but no record could be read to measure the speed', '有 {n} 个偏移量待复制，但读不到可用于测速的记录'],
  ['how long the copy takes is not known', '无法得知复制需要多长时间'],
  ['see the permissions and the connection of the source', '请查看源的权限和连接'],
  ["the task's speed limit", '任务的限速'],
  ['the measured speed of reading ({*data} in {#s} s, one partition)', '实测读取速度（{s} 秒内 {data}，单个分区）'],
  ['the source gains about {#gained} offsets/s, and {*how} allows {#rate} records/s', '源每秒约新增 {gained} 个偏移量，而按{how}每秒只能复制 {rate} 条'],
  ['the copy never catches up: its delay grows until the source deletes records that are not copied', '复制永远追不上：延迟会不断增大，直到源删除尚未复制的记录'],
  ["raise the task's speed limit or choose a larger spec", '请提高任务的限速，或选择更大的规格'],
  [
    '{#n} offsets take about {*span} at {*how}, {#rate} records/s; the source gains about {#gained} offsets/s',
    '{n} 个偏移量按{how}（每秒 {rate} 条）约需 {span}；源每秒约新增 {gained} 个偏移量',
  ],

  // Names.
  ['give each source topic a target name of its own', '请为每个源主题指定各自的目标名称'],
  ['correct the renaming', '请更正重命名规则'],
  ['the topics have no valid places on the target', '这些主题在目标上没有有效的位置'],
  ["'{name}' and '{other}' differ only in '.' and '_'", '“{name}”与“{other}”仅在“.”和“_”上不同'],
  ['the target refuses to create the second of two such topics', '这样的两个主题，目标会拒绝创建第二个'],
  ['give one of them another target name', '请为其中一个改用其他目标名称'],
  ["the target's metrics mix the two topics", '目标的监控指标会将这两个主题混在一起'],
  ['none needed; to distinguish them in metrics, rename one', '无需处理；如需在指标中区分，请重命名其中一个'],
  ['each topic has a target name of its own', '每个主题都有各自的目标名称'],

  // Permissions.
  ["this user may not read {'names} at the source", '此用户无权读取源上的 {names}'],
  ['they are left out until the right is granted, as the task says; the others are copied', '按任务的设置，授权之前不复制这些主题；其他主题照常复制'],
  ['not everything that was chosen can be copied', '所选的内容无法全部复制'],
  ['{*grant}, or leave such topics out with --forbidden-topics leave-out', '{grant}，或选择不复制这些主题（--forbidden-topics leave-out）'],
  ['give the user DESCRIBE and READ on the topic (kafka-acls --add --operation Read --topic NAME)', '请授予该用户对该主题的 DESCRIBE 和 READ 权限（kafka-acls --add --operation Read --topic NAME）'],
  [
    "whether this user may read {'names} could not be found out: the source does not report rights (before 2.3), and no record was there to be read in time",
    '无法得知此用户能否读取 {names}：源不提供这一信息（早于 2.3），且在时限内没有可读取的记录',
  ],
  ['make sure that the user has READ on the topic', '请确认该用户对该主题有 READ 权限'],
  ['this user may read {*topics}: {#read} proved by reading, {#granted} as the brokers say', '此用户可以读取 {topics}：其中 {read} 个经实际读取证实，{granted} 个由 broker 告知'],
  ["this user may not write to {'names} on the target", '此用户无权写入目标上的 {names}'],
  ['give the user DESCRIBE and WRITE on the topic (kafka-acls --add --operation Write --topic NAME)', '请授予该用户对该主题的 DESCRIBE 和 WRITE 权限（kafka-acls --add --operation Write --topic NAME）'],
  ["this user may not delete the records of {'names} on the target", '此用户无权删除目标上 {names} 的记录'],
  ['the existing data cannot be deleted first, as the task says', '无法按任务的要求先删除现有数据'],
  ['give the user DELETE on the topic, or choose --existing append', '请授予该用户对该主题的 DELETE 权限，或选择“追加”（--existing append）'],
  [
    "whether this user may write to {'names} cannot be found out without writing: the target does not report rights (before 2.3), or the topic does not exist yet",
    '不实际写入就无法得知此用户能否写入 {names}：目标不提供这一信息（早于 2.3），或该主题尚不存在',
  ],
  ['make sure that the user has DESCRIBE and WRITE on the topic', '请确认该用户对该主题有 DESCRIBE 和 WRITE 权限'],
  ['no target topic is closed to this user', '没有此用户无权访问的目标主题'],
  ['this user may write to {*topics}, as the brokers say', '据 broker 告知，此用户可以写入 {topics}'],

  // Retention.
  [
    "'{source}' holds records of {@time}, '{target}' keeps them for {*span} (retention.ms={#keeps}), until {@until}",
    '“{source}”中有 {time} 的记录，而“{target}”只保留 {span}（retention.ms={keeps}），到 {until} 为止',
  ],
  ["set retention.ms=-1 on '{target}' of the target until consumers have moved, then what it shall be", '请在目标的“{target}”上先设置 retention.ms=-1，待消费者迁移完成后再改为所需的值'],
  ["'{target}' keeps records for {#keeps} ms, '{source}' for {*from}", '“{target}”保留记录 {keeps} 毫秒，而“{source}”保留 {from}'],
  ["raise retention.ms on '{target}'", '请调高“{target}”的 retention.ms'],
  [
    "about {*size} of each partition of '{source}' are to be copied, '{target}' keeps {*kept} (retention.bytes={#keeps})",
    '“{source}”的每个分区约有 {size} 待复制，而“{target}”只保留 {kept}（retention.bytes={keeps}）',
  ],
  ["raise retention.bytes on '{target}'", '请调高“{target}”的 retention.bytes'],
  ['records keep their times, so the target deletes such records at its next clean-up, minutes after they arrive', '记录保留原有时间戳，因此目标会在下一次清理时（写入几分钟后）删除这类记录'],
  ['records keep their times, so the target may delete old ones soon after they arrive', '记录保留原有时间戳，因此较旧的记录写入后不久就可能被目标删除'],
  ['the target keeps what is copied at least as long as the source does', '目标对复制内容的保留时间不短于源'],
  [
    "the oldest records of '{source}' are of {@time}, and it keeps them for {*span} (retention.ms={#keeps})",
    '“{source}”最早的记录为 {time}，而它只保留 {span}（retention.ms={keeps}）',
  ],
  [
    "copying what is there takes about {*span}, and '{source}' keeps records for {*kept} (retention.ms={#keeps})",
    '复制现有数据约需 {span}，而“{source}”只保留记录 {kept}（retention.ms={keeps}）',
  ],
  ['the source keeps its records longer than the copy of what is there takes', '源对记录的保留时间长于复制现有数据所需的时间'],
  ['the source may delete records before they are copied; such ranges are reported as gaps', '源可能在记录复制之前就将其删除；这样的范围会报告为缺口'],
  [
    "raise retention.ms on the source topic until the copy has caught up, or lift the task's speed limit",
    '请在复制追上之前调高源主题的 retention.ms，或取消任务的限速',
  ],

  // Sizes.
  ["'{source}' holds a record of {#largest} bytes, '{target}' takes batches up to {#to}", '“{source}”中有 {largest} 字节的记录，而“{target}”最多接受 {to} 字节的批次'],
  ["'{source}' takes batches up to {#from} bytes, '{target}' only up to {#to}", '“{source}”最多接受 {from} 字节的批次，而“{target}”只接受到 {to} 字节'],
  ['records that are larger, compressed as strongly as the target takes it, go to quarantine', '以目标可接受的最强压缩后仍超出上限的记录会进入隔离区'],
  [
    "set max.message.bytes={#bytes} on '{topic}' of the target (kafka-configs --alter --topic {@again} --add-config max.message.bytes={#value})",
    '请在目标的“{topic}”上设置 max.message.bytes={bytes}（kafka-configs --alter --topic {again} --add-config max.message.bytes={value}）',
  ],
  [
    "the size limits of {'names} cannot be compared: a broker before 0.11 does not report its configuration, or the user lacks DESCRIBE_CONFIGS",
    '无法比较 {names} 的大小限制：早于 0.11 的 broker 不提供其配置，或该用户缺少 DESCRIBE_CONFIGS 权限',
  ],
  ['records larger than the target takes go to quarantine', '超出目标上限的记录会进入隔离区'],
  ['compare max.message.bytes (message.max.bytes of the brokers) of both sides by hand', '请自行比较两侧的 max.message.bytes（broker 上为 message.max.bytes）'],
  ['the target takes batches as large as the source does', '目标接受的批次大小不小于源'],

  // Compression.
  ['compression {@codec} for {*topics}, as the task says', '{topics} 按任务设置使用 {codec} 压缩'],
  ['compression {@codec} for {*topics}, as the target topic is set to it', '{topics} 使用 {codec} 压缩，与目标主题的设置一致'],
  ['compression {@codec} for {*topics}, as the source topic is set to it', '{topics} 使用 {codec} 压缩，与源主题的设置一致'],
  ['compression {@codec} for {*topics}, as the newest records at the source have it', '{topics} 使用 {codec} 压缩，与源上最新的记录一致'],
  ['compression {@codec} for {*topics}: the source has zstd, which the target cannot store', '{topics} 使用 {codec} 压缩：源使用 zstd，而目标无法存储'],
  ['compression {@codec} for {*topics}: the source holds no records to go by', '{topics} 使用 {codec} 压缩：源上没有可供参考的记录'],
  ['compression {@codec} for {*topics}: how the source compresses them is not known', '{topics} 使用 {codec} 压缩：无法得知源的压缩方式'],
  ['there is no topic to choose a compression for', '没有需要选择压缩方式的主题'],
  ['every batch keeps the codec in which it is stored at the source', '每个批次都保持其在源端存储时的压缩方式'],
  [
    'what is compressed with zstd, which the target does not know, becomes lz4',
    '以 zstd 压缩的数据改用 lz4，因为目标不支持 zstd',
  ],
  [
    "the target's brokers compress '{topic}' with {codec}, as the topic is set to it",
    '目标的 broker 按主题设置用 {codec} 压缩“{topic}”',
  ],

  // Start.
  ['the task was launched before and continues from its positions', '任务此前启动过，将从其位置继续'],
  ['it is unknown where the copy begins', '无法确定复制从哪里开始'],
  ['correct the start', '请更正起点'],
  [
    '{@partition}: {#wanted} is outside of the log [{#low}, {#high}], missing {range}',
    '{partition}：{wanted} 超出日志范围 [{low}, {high}]，缺失 {range}',
  ],
  ['the copy starts at {*start}', '复制起点：{start}'],
  ['the copy starts at {*start}, {*topics} with a start of their own', '复制起点：{start}；其中 {topics}另有起点'],
  ['the start time {@time} is {*span} ahead', '起始时间 {time} 在 {span}之后'],
  [
    'no record is that new: nothing that exists is copied, and the copy begins with what arrives after the launch, whatever its time',
    '没有这么新的记录：不会复制已有记录，复制从启动后到达的记录开始，不论其时间',
  ],
  ['choose an earlier time, or the newest record as the start', '请选择更早的时间，或以最新的记录为起点'],
  ['earliest', '最早'],
  ['latest', '最新'],
  ['the start offset does not exist in {*partitions}: {*list}', '{partitions}中不存在该起始偏移量：{list}'],
  ['records that were asked for cannot be copied', '无法复制所要求的记录'],
  ['choose another --start, or accept the nearest offset with --out-of-range nearest', '请选择其他起点（--start），或接受最近的偏移量（--out-of-range nearest）'],
  ['the copy starts at the nearest offset; missing ranges go to the gap ledger', '复制从最近的偏移量开始；缺失的范围写入缺口台账'],
  ['the target holds no positions of this task that the state does not know', '目标上没有本任务未知的位置'],
  ["an earlier run of '{task}' left its positions on the target, for {*partitions}", '“{task}”之前的一次运行在目标上留下了位置，涉及 {partitions}'],
  ['the copy continues from them; --start and --existing do not apply to those partitions', '复制从这些位置继续；起点和现有数据的设置（--start、--existing）对这些分区不生效'],
  ['use another --name to copy it again', '如要重新复制，请改用其他任务名称（--name）'],

  // Timestamps.
  ["'{target}' has message.timestamp.type=LogAppendTime", '“{target}”设置了 message.timestamp.type=LogAppendTime'],
  [
    "'{source}' holds records of {@time}, '{target}' takes none more than {*span} ahead of its clock (message.timestamp.after.max.ms)",
    '“{source}”中有 {time} 的记录，而“{target}”不接受超前其时钟 {span} 以上的记录（message.timestamp.after.max.ms）',
  ],
  [
    "'{source}' holds records of {@time}, '{target}' takes none older than {*span} (message.timestamp.before.max.ms or difference.max.ms)",
    '“{source}”中有 {time} 的记录，而“{target}”不接受早于 {span} 的记录（message.timestamp.before.max.ms 或 difference.max.ms）',
  ],
  ['raise message.timestamp.after.max.ms on the target topic', '请调高目标主题的 message.timestamp.after.max.ms'],
  [
    "set message.timestamp.before.max.ms={#room} or more on '{topic}' of the target (message.timestamp.difference.max.ms before 3.6)",
    '请在目标的“{topic}”上设置 message.timestamp.before.max.ms={room} 或更大（3.6 之前为 message.timestamp.difference.max.ms）',
  ],
  ['the target refuses every record that was looked at: they would all go to quarantine', '目标会拒绝所有抽样记录：它们将全部进入隔离区'],
  ['the target refuses such records, and they go to quarantine', '目标会拒绝这类记录，它们将进入隔离区'],
  [
    "the target replaces every record's time by the time of the copy; verification lists it as an accepted difference",
    '目标会用复制时间替换每条记录的时间戳；校验会将其列为可接受的差异',
  ],
  ['set message.timestamp.type=CreateTime to keep the times', '如要保留时间戳，请设置 message.timestamp.type=CreateTime'],
  ["the target keeps the records' times", '目标会保留记录的时间戳'],
  ["records of {'names} have no timestamp: they were written before 0.10", '{names} 的记录没有时间戳：它们写入于 0.10 之前'],
  ['they get the time of the copy; verification lists it as an accepted difference', '它们会使用复制时的时间；校验会将其列为可接受的差异'],
  ['they get the time of the record before; verification lists it as an accepted difference', '它们会使用前一条记录的时间；校验会将其列为可接受的差异'],
  ['none needed; --missing-timestamps says which time they get', '无需处理；所用的时间由 --missing-timestamps 决定'],

  // Compaction.
  ["{#keyless} of {#sampled} sampled records of '{source}' have no key, and '{target}' is compacted", '“{source}”的 {sampled} 条抽样记录中有 {keyless} 条没有键，而“{target}”是压缩（compact）主题'],
  ['set cleanup.policy=delete on the target topic to keep every record', '如要保留每条记录，请在目标主题上设置 cleanup.policy=delete'],
  ['a compacted topic takes no record without a key: they would all go to quarantine', '压缩主题不接受没有键的记录：它们将全部进入隔离区'],
  ['a compacted topic takes no record without a key: such records go to quarantine', '压缩主题不接受没有键的记录：这类记录会进入隔离区'],
  ["{'names} is compacted on the target, and its source is not", '{names} 在目标上是压缩主题，而其源主题不是'],
  [
    'the target refuses records without a key (they go to quarantine) and later removes superseded ones',
    '目标会拒绝没有键的记录（它们进入隔离区），之后还会清除被取代的记录',
  ],
  [
    "records without a key go to {'names}, whose cleanup.policy cannot be read: a broker before 0.11 does not report its configuration, or the user lacks DESCRIBE_CONFIGS",
    '没有键的记录会写入 {names}，而其 cleanup.policy 无法读取：早于 0.11 的 broker 不提供其配置，或该用户缺少 DESCRIBE_CONFIGS 权限',
  ],
  ['see that the topic has cleanup.policy=delete on the target', '请确认该主题在目标上的 cleanup.policy=delete'],
  ['no compacted target topic would refuse a record', '没有会拒绝记录的压缩目标主题'],

  // Message formats.
  ["'{topic}' has message.format.version={@version} at the source", '源上的“{topic}”设置了 message.format.version={version}'],
  ["'{topic}' has message.format.version={@version} on the target", '目标上的“{topic}”设置了 message.format.version={version}'],
  [
    '{@key} holds records in the format from before 0.11 at offset {#offset}',
    '{key} 在偏移量 {offset} 处有以 0.11 之前的格式保存的记录',
  ],
  [
    'records in the format from before 0.11 on newer brokers would be copied without key and value',
    '新版 broker 上以 0.11 之前的格式保存的记录，复制后会没有键和值',
  ],
  [
    'leave these topics out. With message.format.version=0.11.0 or later (log.message.format.version of the brokers) what is written from then on can be copied, from a start position behind the older records',
    '请不要复制这些主题。把 message.format.version（broker 上为 log.message.format.version）设为 0.11.0 或更高后，此后写入的记录可以从旧记录之后的起点开始复制',
  ],
  ['such a topic takes neither transactions nor idempotent writes nor headers', '这样的主题不接受事务、幂等写入和记录头'],
  [
    'set message.format.version=0.11.0 or later on the target topic (log.message.format.version of the brokers for topics that are created)',
    '请在目标主题上设置 message.format.version=0.11.0 或更高（对将要创建的主题，设置 broker 的 log.message.format.version）',
  ],
  [
    "the target's brokers have log.message.format.version={@version}, also for their own topics",
    '目标的 broker 设置了 log.message.format.version={version}，其内部主题也使用该格式',
  ],
  ['no transaction that carries positions can be committed', '携带位置的事务无法提交'],
  [
    "set log.message.format.version=0.11.0 or later on the target's brokers, or choose --delivery at-least-once",
    '请在目标的 broker 上设置 log.message.format.version=0.11.0 或更高，或选择“至少一次”（--delivery at-least-once）',
  ],
  ['{*list}; whether the brokers still heed that cannot be read', '{list}；无法读取 broker 是否仍遵循该设置'],
  [
    'with an inter.broker.protocol.version before 3.0, records cannot be copied from or to such a topic',
    '如果 inter.broker.protocol.version 早于 3.0，就不能从这样的主题复制，也不能复制到这样的主题',
  ],
  [
    'set message.format.version=0.11.0 or later on the topic, or give the user DESCRIBE_CONFIGS on the cluster',
    '请在该主题上设置 message.format.version=0.11.0 或更高，或授予该用户对集群的 DESCRIBE_CONFIGS 权限',
  ],
  ['both sides keep records in a format that can be copied', '两侧保存记录的格式都可以复制'],

  // Topics.
  ["the source has no topic {'names} (or this user may not see it)", '源上没有主题 {names}（或此用户无权查看）'],
  ['check the spelling, and that the user has DESCRIBE and READ on the topic', '请检查拼写，并确认该用户对该主题有 DESCRIBE 和 READ 权限'],
  ['no topic of the source matches', '源上没有匹配的主题'],
  ['nothing is copied until a matching topic is created', '在创建匹配的主题之前，不会复制任何内容'],
  ['check the include and exclude patterns', '请检查包含和排除的模式'],
  ["{'names} belong to Kafka itself or to its tools", '{names} 属于 Kafka 自身或其工具'],
  [
    'their content means something only to the cluster that wrote it; the target may take it for its own state, or refuse it',
    '其内容只对写入它的集群有意义；目标可能会把它当作自己的状态，或拒绝它',
  ],
  ['leave them out of the task; for a look at them, copy them under another name', '请勿将它们纳入任务；如需查看，请以其他名称复制'],
  ['{*partitions} without a leader: {*list}', '{partitions}没有 leader：{list}'],
  [
    'they cannot be read until one of the brokers that hold them is back; the others are copied',
    '在持有这些分区的 broker 恢复之前无法读取；其他分区照常复制',
  ],
  ['start the brokers of the source that hold them', '请启动源上持有这些分区的 broker'],
  ['{*topics} found', '找到 {topics}'],
  ["the target topic '{target}' has {#there} partitions, its source '{source}' has {#wanted}", '目标主题“{target}”有 {there} 个分区，而其源主题“{source}”有 {wanted} 个'],
  ["'{target}' will be created with {*partitions}, replication factor {#factor}", '将创建“{target}”，{partitions}，副本数 {factor}'],
  ['see the cause; or create the topics on the target by hand', '请查看原因；或在目标上手动创建这些主题'],
  [
    'the source has grown: its target topic is grown before the new partitions are copied',
    '源主题已增加分区：复制新分区之前，会先为目标主题增加分区',
  ],
  ['none needed; the user needs ALTER on the target topic', '无需处理；该用户需要对目标主题的 ALTER 权限'],
  [
    'grow it on the target: kafka-topics --alter --topic {@target} --partitions {#wanted}',
    '请在目标上增加其分区：kafka-topics --alter --topic {target} --partitions {wanted}',
  ],
  ['records could not keep their partitions, and their order by key would be lost', '记录无法保持原有分区，按键的顺序会丢失'],
  ['the partitions that the source does not have stay empty', '源上没有的分区会保持为空'],
  ['none needed, unless consumers compute partitions from keys', '无需处理，除非消费者根据键计算分区'],
  ['{*list}; the target is too old to say beforehand whether it would', '{list}；目标版本过旧，无法事先确认能否创建'],
  ['whether it can be created shows at the start, before anything is copied', '能否创建会在启动时、复制任何内容之前得知'],
  ['create the topics on the target by hand to be sure', '为稳妥起见，请在目标上手动创建这些主题'],
  ['{*topics} exist with enough partitions', '{topics}已存在且分区数足够'],
  ['no target topic is needed', '不需要目标主题'],
  ['topics that are created get the configuration of their sources', '创建的主题会沿用源主题的配置'],
  [
    "'{setting}' is set on {'names}, as at the source: the target's default is {@default}",
    '按源上的值在 {names} 上设置“{setting}”：目标的默认值是 {default}',
  ],
  ['the created target topics differ from their sources in this', '创建的目标主题在这些方面与源主题不同'],
  ['set it on the target by hand if it matters', '如有必要，请在目标上手动设置'],

  // Configuration of topics that are created.
  ["'{target}' gets {#replicas} replicas instead of {#source}: the target has {#brokers} brokers", '“{target}”将有 {replicas} 个副本，而不是 {source} 个：目标有 {brokers} 个 broker'],
  ["'{setting}' of '{topic}' is not carried over: {*why}", '“{topic}”的“{setting}”不会沿用：{why}'],
  ['names brokers of the source', '它指定的是源的 broker'],
  ["the target's own format is kept", '保留目标自身的格式'],
  ['the target keeps the times that the records carry', '目标保留记录自带的时间戳'],
  ['it would refuse old records', '它会使旧记录被拒绝'],
  ['tiered storage belongs to the source cluster', '分层存储属于源集群'],
  [
    "the configuration of '{source}' cannot be read: the source is older than 0.11; '{target}' gets the target's defaults",
    '无法读取“{source}”的配置：源早于 0.11；“{target}”将使用目标的默认配置',
  ],
  ["the configuration of '{source}' cannot be read ({*error}); '{target}' gets the target's defaults", '无法读取“{source}”的配置（{error}）；“{target}”将使用目标的默认配置'],
  [
    "min.insync.replicas={#value} of '{source}' becomes {#factor} on the target, which has {#replicas} replicas",
    '“{source}”的 min.insync.replicas={value} 在目标上改为 {factor}，因为那里有 {replicas} 个副本',
  ],
  ["'{setting}' is not carried over to '{topic}': the target refuses it ({*error})", '“{setting}”不会沿用到“{topic}”：目标拒绝了它（{error}）'],

  // Versions.
  ['the target is older than 0.11: it has no record headers and no transactions', '目标早于 0.11：没有记录头，也没有事务'],
  ["records of {'names} have headers", '{names} 的记录带有记录头'],
  [
    'headers are dropped from every record that has some; verification lists them as accepted differences',
    '凡是带记录头的记录，记录头都会被丢弃；校验会将其列为可接受的差异',
  ],
  ['use a target of version 0.11 or later where headers matter', '如果记录头很重要，请使用 0.11 或更高版本的目标'],
  ['the target is older than 0.11: it has no transactions and no idempotent writes', '目标早于 0.11：没有事务，也没有幂等写入'],
  ['delivery is {*delivery}', '投递语义为{delivery}'],
  [
    'none needed; a connection lost during a write may repeat a batch, which verification shows',
    '无需处理；写入时连接中断可能使某个批次重复，校验会显示出来',
  ],
  ['the target is older than 2.1 and cannot store zstd, which the task asks for', '目标早于 2.1，无法存储任务要求的 zstd'],
  ['records are compressed with lz4 instead', '记录改用 lz4 压缩'],
  ['choose another compression (--compression lz4)', '请选择其他压缩方式（--compression lz4）'],
  ['the target is older than 2.1 and cannot store zstd', '目标早于 2.1，无法存储 zstd'],
  ['records compressed with zstd at the source are stored with another codec', '源上以 zstd 压缩的记录会改用其他压缩算法存储'],
  [
    "the source's brokers are older than 0.11 and create a deleted topic again when a client asks for it, where auto.create.topics.enable is on",
    '源的 broker 早于 0.11：启用 auto.create.topics.enable 时，客户端一查询已删除的主题，它就会被重新创建',
  ],
  [
    "the target's brokers are older than 0.11 and create a deleted topic again when a client asks for it, where auto.create.topics.enable is on",
    '目标的 broker 早于 0.11：启用 auto.create.topics.enable 时，客户端一查询已删除的主题，它就会被重新创建',
  ],
  ['a topic that is deleted while it is copied comes back empty', '复制期间删除的主题会变成空主题重新出现'],
  ['stop the task before you delete one of its topics there', '请先停止任务，再删除其主题'],
  ['headers and transactions are available', '支持记录头和事务'],

  // Other writers.
  ['the task was launched before: what its target topics gain may be its own', '任务此前启动过：目标主题新增的记录可能就是它自己写入的'],
  ["'{topic}' gained {#offsets} offsets in {#s} s", '“{topic}”在 {s} 秒内新增了 {offsets} 个偏移量'],
  ["'{topic}' got {#offsets} offsets within the last minute", '“{topic}”在最近一分钟内新增了 {offsets} 个偏移量'],
  ["{'names} has a transaction that is not over", '{names} 有尚未结束的事务'],
  ['no target topic gained a record in {#s} s, and none has an open transaction', '{s} 秒内没有目标主题新增记录，也没有未结束的事务'],
  ['somebody else writes to the target: {*list}', '有其他程序在写入目标：{list}'],
  ['the copy is mixed with other records, and verification lists them as differences', '复制的记录会与其他记录混在一起，校验会将它们列为差异'],
  ['stop the other producer, or choose other target names', '请停止其他生产者，或改用其他目标名称'],
];
