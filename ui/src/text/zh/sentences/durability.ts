import type { Sentence } from '../../sentences';

/** How safely the target keeps records, as the pre-check says it. */
export const durability: Sentence[] = [
  ["'{target}' wants {#wanted} replicas in sync (min.insync.replicas) and has {#replicas}", '“{target}”要求 {wanted} 个同步副本（min.insync.replicas），但只有 {replicas} 个副本'],
  [
    "'{target}' wants {#wanted} replicas in sync (min.insync.replicas), and only {#in_sync} of {#replicas} are",
    '“{target}”要求 {wanted} 个同步副本（min.insync.replicas），但 {replicas} 个副本中只有 {in_sync} 个处于同步状态',
  ],
  [
    "'{target}' wants all of its {#replicas} replicas in sync (min.insync.replicas={#wanted})",
    '“{target}”要求其全部 {replicas} 个副本都处于同步状态（min.insync.replicas={wanted}）',
  ],
  ['the target refuses every write', '目标会拒绝所有写入'],
  [
    'brokers from 3.7 on ask for all replicas that there are, those of 3.6 refuse every write',
    '3.7 及以上的 broker 只要求现有的全部副本，3.6 的 broker 会拒绝所有写入',
  ],
  ['lower min.insync.replicas on the target topic, or give it more replicas', '请调低目标主题的 min.insync.replicas，或增加其副本'],
  ['the target refuses every write until more brokers are back', '在更多 broker 恢复之前，目标会拒绝所有写入'],
  ['start the brokers of the target that are missing, then check again', '请启动目标中缺失的 broker，然后重新检查'],
  ['the copy stands still whenever one of its brokers is away, and goes on when it is back', '只要其中一个 broker 不可用，复制就会停住，恢复后继续'],
  ['set min.insync.replicas one below the number of replicas', '请将 min.insync.replicas 设为副本数减一'],
  ['the target has replicas enough to acknowledge writes', '目标有足够的副本来确认写入'],
  ['the task asks for {#wanted} replicas, and the target has {#brokers} brokers', '任务要求 {wanted} 个副本，而目标只有 {brokers} 个 broker'],
  ['the target topics cannot be created', '无法创建目标主题'],
  ['choose --replication-factor {#brokers} or less, or add brokers to the target', '请选择副本数 {brokers} 或更少（--replication-factor），或为目标增加 broker'],
  ["'{target}' has {#replicas} replicas, '{topic}' has {#source}", '“{target}”有 {replicas} 个副本，而“{topic}”有 {source} 个'],
  ["'{target}' gets {#replicas} replicas, '{topic}' has {#source}", '“{target}”将有 {replicas} 个副本，而“{topic}”有 {source} 个'],
  ['the target topics have as many replicas as their sources, or more', '目标主题的副本数不少于源主题'],
  ['the copy is lost with fewer brokers than the original', '与原数据相比，更少的 broker 故障就会使副本数据丢失'],
  [
    'the target has {#brokers} brokers: add some, or give the topics more replicas where it has enough (--replication-factor)',
    '目标有 {brokers} 个 broker：请增加 broker，或在数量足够时增加主题的副本（--replication-factor）',
  ],
];
