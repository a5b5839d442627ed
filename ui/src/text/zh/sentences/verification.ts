import type { Sentence } from '../../sentences';

/** What a verification came to, and what differs. */
export const verification: Sentence[] = [
  ['Equal: {#whole} of {#count} partitions, {#records} records, every field', '一致：{count} 个分区中的 {whole} 个，{records} 条记录，所有字段'],
  ['Equal but for accepted differences: {#count} partitions, {#records} records ({*kinds})', '除可接受的差异外一致：{count} 个分区，{records} 条记录（{kinds}）'],
  ['Different: {#n} of {#count} partitions differ, {#records} records compared ({*kinds})', '不一致：{count} 个分区中有 {n} 个存在差异，比较了 {records} 条记录（{kinds}）'],
  ['Not fully checked: {#n} of {#count} partitions could not be compared to their end', '未完整校验：{count} 个分区中有 {n} 个未能比较到末尾'],
  ['{#n} offsets are no longer there to compare', '{n} 个偏移量已不存在，无法比较'],
  ['{#n} superseded records were removed by compaction on one side', '{n} 条被取代的记录已在一侧被压缩清除'],

  // Kinds, as the report counts them.
  ['{#n} missing', '缺失 {n} 条'],
  ['{#n} extra', '多余 {n} 条'],
  ['{#n} duplicate', '重复 {n} 条'],
  ['{#n} order', '乱序 {n} 条'],
  ['{#n} key', '键不同 {n} 条'],
  ['{#n} value', '值不同 {n} 条'],
  ['{#n} timestamp', '时间戳不同 {n} 条'],
  ['{#n} headers', '记录头不同 {n} 条'],
  ['{#n} null empty', 'null 与空值不同 {n} 条'],
  ['{#n} quarantined', '隔离 {n} 条'],
  ['{#n} headers not carried', '记录头未能携带 {n} 条'],
  ['{#n} timestamp by target', '时间戳由目标设定 {n} 条'],
  ['{#n} compacted', '被压缩清除 {n} 条'],
  ['{#n} discarded', '已丢弃 {n} 条'],
  ['{#n} replayed', '已重放 {n} 条'],

  // Details of a difference; keys and values are shown as they are.
  ['source {!what}; target {!other}', '源{what}；目标{other}'],
  ['source {!what}', '源{what}'],
  ['target {!what}', '目标{what}'],
  ['key {~key} at offset {#at}', '键 {key}，偏移量 {at}'],
  ['value {~value} at offset {#at}', '值 {value}，偏移量 {at}'],
  ['timestamp {#time} at offset {#at}', '时间戳 {time}，偏移量 {at}'],
  ['headers [{~headers}] at offset {#at}', '记录头 [{headers}]，偏移量 {at}'],
  ['key {~key}, value {~value} at offset {#at}', '键 {key}，值 {value}，偏移量 {at}'],
  ['key {~key}, value {~value}, headers [{~headers}] at offset {#at}', '键 {key}，值 {value}，记录头 [{headers}]，偏移量 {at}'],
  [
    '{*side} key {~key} at offset {#offset}, and no later record of this key on the other side',
    '{side}键 {key}，偏移量 {offset}，且另一侧没有该键的更新记录',
  ],
  ['the record at source offset {#offset} was replayed from quarantine, and is not there', '源偏移量 {offset} 处的记录曾从隔离区重放，但目标上没有'],
  ['more than {#limit} keys are without their last record on one side', '超过 {limit} 个键在一侧缺少其最后一条记录'],
  ['the records at source offsets {#a} and {#b} stand in the other order', '源偏移量 {a} 和 {b} 处的记录顺序相反'],
  [
    'no longer at the source (retention, DeleteRecords or compaction); {#older} older records on the target were passed over',
    '已不在源上（保留期、DeleteRecords 或压缩）；已略过目标上 {older} 条更早的记录',
  ],
  ['no longer at the source (retention, DeleteRecords or compaction)', '已不在源上（保留期、DeleteRecords 或压缩）'],
  ['no longer on the target (retention or DeleteRecords)', '已不在目标上（保留期或 DeleteRecords）'],
  ['the oldest records of the target are gone, and none of those that are left is at the source', '目标最早的记录已不存在，剩余记录在源上都找不到'],

  // Why a partition was not compared.
  ["task '{task}' has no partition to verify; check its topics", '任务“{task}”没有可校验的分区；请检查其主题'],
  ['the source has no such partition any more', '源上已没有该分区'],
  ['the target has no such partition', '目标上没有该分区'],
  ['nothing is left to compare: {range} are {*why}', '没有可比较的内容：{range} {why}'],
  ['the broker sent nothing for {#s} s', 'broker 已 {s} 秒没有发送数据'],
  ['a verification thread panicked', '校验线程异常退出'],
];
