import type { Sentence } from '../../sentences';

/** What comparing two clusters says: what is unknown, what is left alone, what is refused. */
export const parity: Sentence[] = [
  ['the topics of the {*side} cannot be read: {*why}', '无法读取{side}的主题：{why}'],
  ['the configuration of topics of the {*side} cannot be read: {*why}', '无法读取{side}主题的配置：{why}'],
  ['the ACLs of the {*side} cannot be read: {*why}', '无法读取{side}的 ACL：{why}'],
  ['the quotas of the {*side} cannot be read: {*why}', '无法读取{side}的配额：{why}'],
  ['the consumer groups of the {*side} cannot be read: {*why}', '无法读取{side}的消费组：{why}'],
  ['the groups that broker {#broker} of the {*side} coordinates cannot be read: {*why}', '无法读取{side}上由 broker {broker} 协调的消费组：{why}'],
  ['give this user {*right}', '请授予此用户{right}'],
  ['DESCRIBE on the topics', '主题的 DESCRIBE 权限'],
  ['DESCRIBE_CONFIGS on the topics', '主题的 DESCRIBE_CONFIGS 权限'],
  ['DESCRIBE on the cluster', '集群的 DESCRIBE 权限'],
  ['DESCRIBE_CONFIGS on the cluster', '集群的 DESCRIBE_CONFIGS 权限'],
  ['DESCRIBE on the groups', '消费组的 DESCRIBE 权限'],
  ["the topic '{topic}' is on neither side, or this user may not see it", '两侧都没有主题“{topic}”，或此用户无权查看'],

  // Settings that a sync leaves alone.
  ["the target's version of Kafka does not have this setting", '目标的 Kafka 版本没有此配置项'],
  ["the source's version of Kafka does not have this setting", '源的 Kafka 版本没有此配置项'],
  ['brokers keep this value to themselves', 'broker 不公开此值'],
  ['the source reports no value', '源没有给出值'],
  ['the target does not let it be changed', '目标不允许更改它'],
  ["it depends on the target's replicas; it is changed only when asked for by name", '它取决于目标的副本数；仅在按名称要求时才更改'],
  ['it lets the target take every record, also those from the future', '它使目标接受所有记录，包括时间在未来的记录'],
  ["it is set on the target topic alone, and the source has its brokers' default", '它只在目标主题上设置，而源使用其 broker 的默认值'],
  ['the target takes every record that the source takes', '源端接受的记录，目标都接受'],
  ["both sides have their brokers' default, and it does not decide what becomes of records", '两侧都使用各自 broker 的默认值，且它不影响记录的去留'],
  ['the target topic has no more replicas than that', '目标主题的副本数不多于此'],

  // Rules of access.
  ['it belongs to the brokers of its cluster', '它属于所在集群的 broker'],
  ['a delegation token exists on its own cluster only', '委托令牌只存在于所属的集群'],
  [
    'it is about every topic that begins so, and the renaming gives these topics names that no one beginning covers; make a rule for each of them on the target',
    '它涉及所有以此开头的主题，而重命名后的名称没有共同的开头；请在目标上为每个主题创建规则',
  ],
  ['the target has no authorizer, so it takes no rules', '目标没有授权器，因此不接受规则'],
  ['the source has no authorizer, so it does not say who may do what', '源没有授权器，因此没有说明谁可以做什么'],
  ["'{name}' is no principal: write its kind, a colon and its name, as User:alice", '“{name}”不是有效的主体：请填写类型、冒号和名称，例如 User:alice'],
  ['the rules for principals make one user of several that have different limits', '主体规则把多个限制不同的用户合并成了一个'],

  // Changing the target.
  ['the target did not say what became of it; compare again', '目标没有说明结果；请重新比较'],
  [
    '{*error}; older brokers can only replace all values of a topic together, which may undo what others set meanwhile: set it with kafka-configs on the target',
    '{error}；较旧的 broker 只能一并替换主题的所有值，可能会撤销他人同时设置的内容：请在目标上用 kafka-configs 设置',
  ],
  ["the {*side} cluster cannot be asked: {*error}", '无法查询{side}集群：{error}'],
  ["'{source}' and '{target}' cannot be compared: {*error}", '无法比较“{source}”与“{target}”：{error}'],
  ['choose at least one change', '请至少选择一项更改'],
  ['name two data sources, or a task', '请指定两个数据源，或一个任务'],
  ['the task has the names of the topics; leave out either the task or the other names', '任务已规定主题的名称；请去掉任务或其他名称'],
  ["{#n} of these changes take something away from '{target}'; confirm removals apart (--remove)", '其中 {n} 项更改会从“{target}”移除内容；请单独确认移除（--remove）'],
  [
    "the clusters have changed since they were compared: {*what} is no longer what would make '{target}' like '{source}'. Nothing was changed; compare again",
    '集群在比较之后发生了变化：{what}已不再是使“{target}”与“{source}”一致的更改。未作任何更改；请重新比较',
  ],
  ["{@key} of '{topic}'", '“{topic}”的 {key}'],
  ["{@operation} of {@principal} on '{name}'", '{principal} 对“{name}”的 {operation}'],

  // Keeping the configuration of a task.
  [
    "'{key}' cannot be kept like the source's while records are copied: it would change or refuse them; set it on the target when the copy has ended",
    '复制记录期间“{key}”不能与源保持一致：它会改变或拒绝记录；请在复制结束后在目标上设置',
  ],
  ["the configuration of target topics is not kept like the source's: {*why}", '目标主题的配置未能与源保持一致：{why}'],
  ["'{key}' of the target topic '{topic}' is now '{value}', as at the source (it was '{was}')", '目标主题“{topic}”的“{key}”现为“{value}”，与源一致（原为“{was}”）'],
  [
    "'{key}' of the target topic '{topic}' is no longer set, as at the source (it was '{was}', and is '{value}' now)",
    '目标主题“{topic}”的“{key}”不再设置，与源一致（原为“{was}”，现为“{value}”）',
  ],
  ['no thread for the configuration of topics: {*error}', '无法为主题配置创建线程：{error}'],
];
