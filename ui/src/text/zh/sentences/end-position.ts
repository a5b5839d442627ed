import type { Sentence } from '../../sentences';

/** Where a copy ends, as the pre-check says it. */
export const endPosition: Sentence[] = [
  ['the copy has no end of its own', '复制没有单独设置终点'],
  ['the task was launched before and ends where that was decided; topics added since end as it says', '任务已启动过，终点已在当时确定；之后添加的主题按任务的设置结束'],
  ['no end lies behind its start: {*places}', '没有任何终点在其起点之后：{places}'],
  ['nothing is copied, and the task is completed at once', '不会复制任何内容，任务会立即完成'],
  ['choose a later end, or an earlier start', '请选择更晚的终点，或更早的起点'],
  ['the source has not come so far: {*places}', '源尚未到达终点：{places}'],
  ['the copy waits until it has, and is not completed before', '复制会等到源到达终点，在此之前不会完成'],
  ['none needed if that is meant; otherwise choose the end of the logs at launch', '如果这是本意则无需操作；否则请选择启动时的日志末尾作为终点'],
  ['the end time {*time} is ahead', '结束时间 {time} 在未来'],
  [
    'no record is that new yet: partitions end where their logs end at launch, and what arrives until then is not copied',
    '尚无这么新的记录：各分区在启动时的日志末尾结束，此后到达的内容不会复制',
  ],
  ['launch the task when that time has come, or let it follow the source and end it by hand', '请在到达该时间后启动任务，或让任务跟随源并手动结束'],
  ['the copy ends at {*places}', '复制终点：{places}'],
  ['{@place} before {#offset}', '{place} 在 {offset} 之前'],
  ['{@place} before {#offset}, where the log ends at {#end} now', '{place} 在 {offset} 之前，而日志目前在 {end} 结束'],
];
