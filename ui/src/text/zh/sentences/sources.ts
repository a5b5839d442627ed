import type { Sentence } from '../../sentences';

/** Sizes of topics and positions of consumer groups of a data source. */
export const sources: Sentence[] = [
  ["the data source '{name}' cannot be asked that: {*error}", '数据源“{name}”无法回答这个问题：{error}'],
  ['{@place} has no leader at present', '{place} 目前没有 leader'],
  [
    'brokers name no folders: before Kafka 3.2 that is how they refuse a user without the right to describe the cluster',
    'broker 没有列出任何目录：Kafka 3.2 之前，用户没有描述集群的权限时 broker 就是这样拒绝的',
  ],
  ['the brokers do not name all logs; ask again when nothing is being moved', 'broker 没有列出全部日志；请等没有副本迁移时再查询'],
  ['the user has no right to describe the cluster (Describe on Cluster)', '用户没有描述集群的权限（Cluster 上的 Describe）'],
  ['the log of {@place} is not known', '{place} 的日志未知'],
  ['records that the group has not read are deleted: its position is before the first offset', '消费组尚未读取的记录已被删除：其位置在第一个偏移量之前'],
  ['the position is behind the end of the log: the topic was recreated, or its log was cut', '位置在日志末尾之后：主题已重建，或日志被截断'],
  ['ask about 500 groups at most at a time', '一次最多查询 500 个消费组'],
];
