import type { Sentence } from '../../sentences';

/** Why a task is abnormal or has failed, and what becomes of its topics. */
export const running: Sentence[] = [
  // States, as they stand in sentences.
  ['draft', '草稿'],
  ['pre_checking', '正在预检查'],
  ['pre_check_failed', '预检查未通过'],
  ['pre_check_passed', '预检查已通过'],
  ['starting', '正在启动'],
  ['running', '运行中'],
  ['pausing', '正在暂停'],
  ['paused', '已暂停'],
  ['abnormal', '异常'],
  ['failed', '已失败'],
  ['completed', '已完成'],
  ['terminating', '正在终止'],
  ['terminated', '已终止'],
  ['interrupted: the program ended, and the settings say not to resume by itself', '已中断：程序结束，且设置为不自动恢复'],
  ['the program ended while the task came to rest', '程序在任务停止过程中结束'],
  ['{#n} of {#all} partitions do not go on; {@key}: {*error}', '{all} 个分区中有 {n} 个无法继续；{key}：{error}'],
  ['no reason is known', '原因未知'],

  // What an open transaction at the source holds back.
  [
    'an open transaction at the source ({*whose}, {*age}) holds back {#held} offsets from {#from} on; no coordinator knows it, so it never ends by itself: abort it with kafka-transactions.sh abort',
    '源上有一个未结束的事务（{whose}，{age}），从 {from} 起有 {held} 个 offset 被它挡住；没有协调者知道它，它不会自行结束：请用 kafka-transactions.sh abort 中止它',
  ],
  [
    'an open transaction at the source ({*whose}, {*age}) holds back {#held} offsets from {#from} on',
    '源上有一个未结束的事务（{whose}，{age}），从 {from} 起有 {held} 个 offset 被它挡住',
  ],
  [
    'an open transaction at the source holds back what is behind it; the source does not return whose it is: {*why}',
    '源上有一个未结束的事务，其后的内容被它挡住；源没有给出它属于谁：{why}',
  ],
  ["transactional id '{id}'", '事务 ID“{id}”'],
  ['producer {#id}', '生产者 {id}'],
  ['the source does not return whose it is: {*why}', '源没有给出它属于谁：{why}'],
  ['the source does not return whose it is', '源没有给出它属于谁'],
  ['of unknown age', '持续时间未知'],
  ['open for {#s} s', '已持续 {s} 秒'],
  ['{*reason} (given up after {#min} min of trying)', '{reason}（尝试 {min} 分钟后放弃）'],

  // A cluster.
  ['cannot connect to the {*side} cluster at {address}: {*cause}. {*remedy}', '无法连接{side}集群 {address}：{cause}。{remedy}'],
  [
    'See that tokens can be had on this computer: an AWS profile or key, or the client id and secret of the token endpoint',
    '请确认本机能取得令牌：AWS 的配置文件或密钥，或令牌端点的客户端 ID 和密钥',
  ],
  ['Check the user name, the password and sasl.mechanism', '请检查用户名、密码和 sasl.mechanism'],
  [
    "The broker's certificate is not signed by the CA in ssl.ca.location, or is for another host name; give the right CA file",
    'broker 的证书不是由 ssl.ca.location 中的 CA 签发，或属于其他主机名；请提供正确的 CA 文件',
  ],
  [
    "A certificate has expired: have the broker's renewed, or renew this client's own; see that the clock of this computer is right",
    '有证书已过期：请更新 broker 的证书或此客户端自己的证书，并确认本机的时钟正确',
  ],
  [
    'Check the proxy of the data source: its address, its user and password, and that it lets this computer reach the brokers',
    '请检查数据源的代理：它的地址、用户名和密码，以及它是否允许本机连到 broker',
  ],
  [
    'Check the address map of the data source: the addresses that it leads to must be reachable from this computer',
    '请检查数据源的地址映射：它所指向的地址须从本机可达',
  ],
  [
    'The cluster answers, but sends clients to this address, which cannot be reached from here: open it in firewalls and DNS, or have advertised.listeners of the brokers changed to addresses that can be reached',
    '集群有应答，但它让客户端连接的这个地址从这里无法连到：请在防火墙和 DNS 中放通它，或把 broker 的 advertised.listeners 改为可以连到的地址',
  ],
  ['Check security.protocol and the TLS files: one side may speak TLS and the other not', '请检查 security.protocol 和 TLS 文件：可能一方使用 TLS 而另一方不使用'],
  ['The host name is unknown on this computer; check its spelling or the DNS', '本机无法解析该主机名；请检查拼写或 DNS'],
  ["Correct that property in the cluster's configuration file", '请更正集群配置中的该属性'],
  ['The broker closed the connection; check that security.protocol fits the port (TLS, SASL or plaintext)', 'broker 关闭了连接；请检查 security.protocol 是否与端口相符（TLS、SASL 或明文）'],
  [
    'Check host and port, that the broker runs, that its advertised listeners can be reached from this computer, and that security.protocol fits the port',
    '请检查主机和端口、broker 是否在运行、其 advertised.listeners 从本机是否可达，以及 security.protocol 是否与端口相符',
  ],
  ['{*what} on the {*side} cluster failed: {*error}', '在{side}集群上{what}失败：{error}'],
  ["reading the topics' offsets", '读取主题的偏移量'],
  ["reading the topics' configuration", '读取主题的配置'],
  ['reading offsets by time', '按时间读取偏移量'],
  ['the question was given up', '已放弃询问'],
  ['reading the offsets of {@partition}', '读取 {partition} 的偏移量'],
  ['looking up a time in the topics', '在主题中查找时间'],
  ["looking up the end time in '{topic}'", '在“{topic}”中查找结束时间'],
  ["looking up the start time in '{topic}'", '在“{topic}”中查找起始时间'],
  ['looking up the time of the launch', '查找启动时间'],
  ["reading the offsets of group '{group}'", '读取消费组“{group}”的偏移量'],
  ['taking the right to write', '取得写入权'],
  ["reading the topics' end offsets", '读取主题的末尾偏移量'],
  ['reading the committed positions', '读取已提交的位置'],
  ['reading the committed position of {@partition}', '读取 {partition} 已提交的位置'],
  ['reading the topic list', '读取主题列表'],
  ['opening a reader', '打开读取端'],
  ['opening a writer', '打开写入端'],
  ['reading {@key} offset {#offset}', '读取 {key} 的偏移量 {offset}'],
  ['reading {@key} at offset {#offset}', '读取 {key} 的偏移量 {offset}'],
  ['writing {@key} offset {#offset}', '写入 {key} 的偏移量 {offset}'],
  ['matching the end of {@partition} with its source', '将 {partition} 的末尾与源比对'],
  ['recovering the lane', '恢复复制通道'],
  ['purging the queue', '清空队列'],
  ['the client could not be created: {*words}', '无法创建客户端：{words}'],
  ["no configuration came back for '{name}'", '没有返回“{name}”的配置'],
  ['no configuration came back', '没有返回配置'],
  ["the reader's queue could not be read", '无法读取读取端的队列'],
  ["'{name}' cannot be written to", '无法写入“{name}”'],
  ["the target's group coordinator does not answer; the open transaction is written again", '目标的组协调者没有应答；未结束的事务会重新写入'],
  ["the task's state cannot be saved or read: {*error}", '无法保存或读取任务的状态：{error}'],
  [
    "another instance of task '{task}' has taken over and writes to the target now; this one has stopped and wrote nothing after it. Where no other one runs, a task of this name in another data folder copies between the same clusters: give one of them another name",
    '任务“{task}”的另一个实例已接管并正在写入目标；本实例已停止，此后没有再写入。如果没有其他实例在运行，则另一个数据目录中有同名任务在相同集群之间复制：请给其中一个换名',
  ],
  ['another instance has taken over: {*error}', '另一个实例已接管：{error}'],
  ['internal error: {*error}; please report it with the log', '内部错误：{error}；请附上日志报告此问题'],
  [
    "the target does not let this user write transactions: {*error}. Give the user WRITE and DESCRIBE on transactional ids and READ on groups with the prefix 'sluice.', or choose --delivery at-least-once",
    '目标不允许此用户写入事务：{error}。请授予该用户对前缀为“sluice.”的事务 ID 的 WRITE 和 DESCRIBE 权限以及对消费组的 READ 权限，或选择“至少一次”（--delivery at-least-once）',
  ],
  ['the target does not answer; trying again', '目标没有应答；正在重试'],
  ['the target has acknowledged nothing for {#s} s; trying again', '目标已有 {s} 秒没有任何确认；正在重试'],
  ['the target has acknowledged nothing for {#s} s; writing with a new client', '目标已有 {s} 秒没有任何确认；改用新的客户端写入'],

  ['the copy thread panicked', '复制线程异常退出'],
  ['the connection thread panicked', '连接线程异常退出'],
  ['no thread for the copy: {*error}', '无法为复制创建线程：{error}'],
  ['no thread can be started to commit positions: {*error}', '无法创建提交位置的线程：{error}'],
  ['a text with a NUL character was refused', '含有 NUL 字符的文本被拒绝'],

  // A partition of the source.
  ['{@key}: {*what} ({*error}); trying again', '{key}：{what}（{error}）；正在重试'],
  ['this user may not read the source topic; give it READ', '此用户无权读取源主题；请授予其 READ 权限'],
  ['the source partition cannot be read', '无法读取源分区'],
  ['{@key}: the source did not find offset {#offset}; trying again', '{key}：源没有找到偏移量 {offset}；正在重试'],
  [
    '{@key}: the record at offset {#offset} is stored in the message format of Kafka before 0.11, which librdkafka reads as empty records on this broker (its issue 5549). Nothing of the partition is copied from here on. Have the source rewrite the topic in the newer format, or copy it from a broker of the old version',
    '{key}：偏移量 {offset} 处的记录以 Kafka 0.11 之前的消息格式存储，librdkafka 在此 broker 上会将其读成空记录（其问题 5549）。此分区从这里起不再复制。请让源以较新的格式重写该主题，或从旧版本的 broker 复制',
  ],
  [
    "{@key}: the source's log is damaged at offsets {range} ({*detail}). Restore the partition from a replica; or, to go on at offset {#next} and keep the range in the gap ledger, choose to go on at the nearest offset",
    '{key}：源的日志在偏移量 {range} 处损坏（{detail}）。请从副本恢复该分区；或选择从最近的偏移量继续，即从偏移量 {next} 继续并将该范围记入缺口',
  ],
  ['an open transaction at the source holds back what is behind it', '源上一个未结束的事务阻挡了其后的记录'],
  ['the record has more headers than can be read (100 000), and is not copied without them', '记录的记录头多于可读取的数量（100 000），不会在缺少它们的情况下复制'],
  ['the record has no key, and the target topic is compacted: it takes only records with a key', '记录没有键，而目标主题是压缩主题：它只接受有键的记录'],
  ['{@key}: the source does not return which offsets it has; trying again', '{key}：源没有告知其现有的偏移量；正在重试'],
  ['{@key}: the source does not return which offsets it has ({*why}); trying again', '{key}：源没有告知其现有的偏移量（{why}）；正在重试'],
  ['{@key}: {*error}; trying again', '{key}：{error}；正在重试'],
  [
    '{@key}: the source deleted {#n} offsets {range} before they were copied (retention or DeleteRecords). To go on at offset {#nearest} and keep the range in the gap ledger, accept the gap (--out-of-range nearest)',
    '{key}：源在复制之前删除了 {n} 个偏移量 {range}（保留期或 DeleteRecords）。如要从偏移量 {nearest} 继续并将该范围写入缺口台账，请将“源上的记录已不存在时”设为“从最近的记录继续”（--out-of-range nearest）',
  ],
  [
    "{@key}: the source's log ended at offset {#nearest}, before our position {#position}: it lost records that the target holds ({range}), or the topic was created again. To go on at offset {#again}, accept the gap (--out-of-range nearest)",
    '{key}：源日志止于偏移量 {nearest}，早于当前位置 {position}：它丢失了目标已有的记录（{range}），或主题被重新创建。如要从偏移量 {again} 继续，请将“源上的记录已不存在时”设为“从最近的记录继续”（--out-of-range nearest）',
  ],
  ["the source topic '{topic}' was deleted and created again", '源主题“{topic}”被删除后重新创建'],
  [
    'the source topic of {@key} was deleted and created again; its offset {#position} means nothing in the new topic. To copy the new topic from its beginning, behind what is on the target, accept that (--out-of-range nearest)',
    '{key} 的源主题被删除后重新创建；其偏移量 {position} 在新主题中没有意义。如要从头复制新主题并写在目标现有数据之后，请将“源上的记录已不存在时”设为“从最近的记录继续”（--out-of-range nearest）',
  ],
  ['the source has no partition {@key} any more', '源上已没有分区 {key}'],
  ["the source has no topic '{topic}' (or this user may not see it); check the spelling", '源上没有主题“{topic}”（或此用户无权查看）；请检查拼写'],
  ['the source does not return its offsets: {*error}', '源没有告知其偏移量：{error}'],
  ['the source does not return the offsets of {#n} partitions', '源没有告知 {n} 个分区的偏移量'],
  ['the source does not return the offsets of {#n} partitions ({*why})', '源没有告知 {n} 个分区的偏移量（{why}）'],
  ["the start names partition {#partition}, but topic '{topic}' has {#n} partitions; correct --start", '起点中指定了分区 {partition}，而主题“{topic}”只有 {n} 个分区；请更正起点（--start）'],
  [
    "group '{group}' has committed no offset for topic '{topic}'; check the group's name, or choose another start for this topic",
    '消费组“{group}”没有为主题“{topic}”提交过偏移量；请检查消费组名称，或为此主题选择其他起点',
  ],

  // A topic of the target.
  [
    "the filler before the first record of the target topic '{target}' cannot be deleted: {*error}; give the user DELETE on it; trying again",
    '无法删除目标主题“{target}”第一条记录之前的填充：{error}；请授予用户对该主题的 DELETE 权限；正在重试',
  ],
  [
    "the target topic '{target}' cannot be written: {*error}; give the user WRITE on it; trying again",
    '无法写入目标主题“{target}”：{error}；请授予该用户 WRITE 权限；正在重试',
  ],
  [
    "the target topic '{name}' cannot be created: {*error}. Give the user the right to create topics (CREATE on the cluster or on the topic's prefix), create it by hand, or choose another --replication-factor",
    '无法创建目标主题“{name}”：{error}。请授予该用户创建主题的权限（对集群或主题前缀的 CREATE）、手动创建，或选择其他副本数（--replication-factor）',
  ],
  [
    "the target topic '{name}' cannot be created: {*error}. Create it by hand with {#n} partitions, or give the user the right to create topics",
    '无法创建目标主题“{name}”：{error}。请手动创建，分区数为 {n}，或授予该用户创建主题的权限',
  ],
  ['the target is older than 1.0 and cannot do it over the protocol', '目标早于 1.0，无法通过协议完成'],
  [
    "the target topic '{topic}' cannot be grown to {#partitions} partitions: {*why}. Grow it on the target (kafka-topics --alter --partitions {#again}), or give the user ALTER on the topic",
    '无法将目标主题“{topic}”增加到 {partitions} 个分区：{why}。请在目标上增加（kafka-topics --alter --partitions {again}），或授予该用户对该主题的 ALTER 权限',
  ],
  [
    "the target topic '{topic}' was created but {#without} of its {#partitions} partitions have no leader after {#s} s; look at the target's controller",
    '目标主题“{topic}”已创建，但 {s} 秒后其 {partitions} 个分区中仍有 {without} 个没有 leader；请检查目标的 controller',
  ],
  ["the data in the target topic '{name}' cannot be deleted: {*error}. Delete it by hand, or choose --existing append", '无法删除目标主题“{name}”中的数据：{error}。请手动删除，或选择“追加”（--existing append）'],
  ["the target topic '{name}' was deleted but cannot be created again: {*error}", '目标主题“{name}”已删除，但无法重新创建：{error}'],
  [
    "the target topic '{name}' was marked for deletion but is still there after {#s} s; the brokers may have delete.topic.enable=false. Delete its data by hand, or choose --existing append",
    '目标主题“{name}”已标记删除，但 {s} 秒后仍然存在；broker 可能设置了 delete.topic.enable=false。请手动删除其数据，或选择“追加”（--existing append）',
  ],
  [
    "the target topic '{target}' was deleted since task '{task}' was launched, and what was copied is gone with it. Start a new task with another --name to copy it again",
    '目标主题“{target}”在任务“{task}”启动后被删除，已复制的内容也随之丢失。如要重新复制，请另建一个任务（--name 另取名称）',
  ],
  [
    "the target topic '{target}' was deleted {*again} since task '{task}' was launched, and what was copied is gone with it. Start a new task with another --name to copy it again",
    '目标主题“{target}”在任务“{task}”启动后被删除{again}，已复制的内容也随之丢失。如要重新复制，请另建一个任务（--name 另取名称）',
  ],
  ['and created again', '并重新创建'],
  // Mirror.
  [
    'the target partition {@partition} does not hold at offset {#offset} what the source holds there: another program has written to it, and the offsets behind that can no longer be equal. Stop that program, and mirror into a new target topic under another task name',
    '目标分区 {partition} 的偏移量 {offset} 处与源上的内容不同：有其他程序写入过，其后的偏移量无法再保持相同。请停止该程序，并以其他任务名称镜像到新的目标主题',
  ],
  [
    "{@key}: the source's log is not the one that was mirrored any more (records were lost, or the topic was created again), and the target holds the earlier records at these offsets. Mirror into a new target topic under another task name",
    '{key}：源的日志已不是被镜像的那一份（记录丢失，或主题被重新创建），而目标在这些偏移量处保存着先前的记录。请以其他任务名称镜像到新的目标主题',
  ],
  [
    "{@key}: the target's log ends at offset {#end}, and had ended at {#known}: the target has lost records, which are copied again",
    '{key}：目标的日志止于偏移量 {end}，之前曾止于 {known}：目标丢失了记录，将重新复制',
  ],
  [
    '{@key}: the {#count} target offsets before {#start} are filled first, so that the first record gets its own',
    '{key}：先填充目标上 {start} 之前的 {count} 个偏移量，使第一条记录获得其自身的偏移量',
  ],
  [
    "{@key}: the source deleted offsets {@range} since the last run, so that what the target holds there could not be compared",
    '{key}：源在上次运行之后删除了偏移量 {range}，因此无法比对目标在该处保存的内容',
  ],
  [
    "task '{task}' was launched with another delivery: its records have other offsets on the target, and it cannot become a mirror. Start a new task with another --name and new target topics",
    '任务“{task}”启动时使用的是其他投递语义：其记录在目标上的偏移量不同，无法变为镜像。请以其他名称（--name）和新的目标主题创建新任务',
  ],
  [
    "task '{task}' was launched as a mirror, and another delivery would end the equality of offsets for good. Choose --delivery mirror, or start a new task with another --name",
    '任务“{task}”是作为镜像启动的，改用其他投递语义会使偏移量永远不再相同。请选择“镜像”（--delivery mirror），或以其他名称（--name）创建新任务',
  ],
  [
    "{@key} offset {#offset} cannot be written behind the others: in a mirror every record keeps its offset, and this one's is filled. Write it to another topic, or discard it",
    '{key} 偏移量 {offset} 的记录不能写在其他记录之后：镜像中每条记录都保持其偏移量，而此处已被填充。请将其写入其他主题，或放弃它',
  ],
  [
    'the target partition {@partition} holds a record at offset {#offset} that does not come from this copy: another program writes to it. Stop that program, or choose --delivery at-least-once',
    '目标分区 {partition} 的偏移量 {offset} 处有一条并非来自此次复制的记录：有其他程序在写入。请停止该程序，或选择“至少一次”（--delivery at-least-once）',
  ],
  ["the target's coordinator did not answer in time", '目标的协调器没有及时应答'],
  ['the record at offset {#offset} is larger than the protocol allows', '偏移量 {offset} 处的记录超出了协议允许的大小'],
  ['the wire lane copies: batches are passed on as they are stored', '使用按批次传输：批次按存储的原样传送'],
  ['the record lane copies, record by record, as the task says', '按任务设置逐条复制记录'],
  ['the record lane copies, record by record: {*why}', '逐条复制记录：{why}'],
  [
    'the target is older than 0.11 and does not take batches as they are stored',
    '目标版本低于 0.11，不接受按存储原样传送的批次',
  ],
  ['the wire client cannot be used with the {*side}: {*why}', '无法对{side}使用按批次传输的客户端：{why}'],
  [
    'the wire lane cannot be used: {*why}; choose --lane auto or --lane record',
    '无法使用按批次传输：{why}；请选择自动（--lane auto）或逐条记录（--lane record）',
  ],
  ['the task cannot start with the lane that it asks for', '任务无法以所要求的传输方式启动'],
  [
    'leave the choice of the lane to the task\'s start (auto), or choose the record lane',
    '请将传输方式设为自动，或选择逐条记录',
  ],
  [
    'the partition has no leader on one of the clusters, so the end of its target cannot be matched with its source; it is copied when one is back',
    '该分区在其中一个集群上没有 leader，因此无法将目标末尾与源核对；leader 恢复后会继续复制',
  ],
  [
    'the partition has no leader: none of the brokers that hold it is there; it is copied when one is back',
    '该分区没有 leader：持有它的 broker 都不可用；其中一个恢复后就会复制',
  ],
  [
    'the start offset {#wanted} of partition {#partition} is outside of the log, missing {range}; choose --out-of-range nearest to copy from the nearest offset',
    '分区 {partition} 的起始偏移量 {wanted} 超出日志范围，缺失 {range}；如要从最近的偏移量复制，请选择 --out-of-range nearest',
  ],
  [
    'its target partition {@partition} holds data already ({#offsets} offsets); empty it, or choose --existing append',
    '其目标分区 {partition} 中已有数据（{offsets} 个偏移量）；请清空它，或选择“追加”（--existing append）',
  ],
  [
    "partition {#partition} of the target topic '{topic}' has no leader, so that its data cannot be deleted; start the brokers that hold it",
    '目标主题“{topic}”的分区 {partition} 没有 leader，无法删除其中的数据；请启动持有它的 broker',
  ],
  [
    "its target topic '{target}' holds data already ({#offsets} offsets); start a task of its own for it with --existing append, or empty the target topic",
    '其目标主题“{target}”中已有数据（{offsets} 个偏移量）；请为它单独建立任务并选择“追加”（--existing append），或清空目标主题',
  ],
  ["the target refused the record: {*error}", '目标拒绝了该记录：{error}'],
  ['tried with compression {*usual} and {*stronger}', '已尝试的压缩方式：{usual} 与 {stronger}'],
  [
    '{@key} offset {#offset} was too large with compression {*usual}, and is written with {*stronger}',
    '{key} 偏移量 {offset} 用 {usual} 压缩后仍过大，写入时改用 {stronger}',
  ],
  ['{@codec} at level {#level}', '{codec}（级别 {level}）'],
];
