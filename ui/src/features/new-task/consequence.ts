import type { TaskSettings } from '../../backend/bindings';
import { duration, short, whole } from '../../lib/format';
import { absolute } from '../../lib/time.svelte';
import { t } from '../../text/index.svelte';
import type { Plan } from './plan';
import { profileOf } from './spec';

/** A sentence about what a task will do. */
export interface Consequence {
  id: string;
  text: string;
  tone: 'plain' | 'warn' | 'bad';
}

/** What is known beside the settings. */
export interface Surroundings {
  sourceName: string;
  targetName: string;
  /** The Connect cluster that copies, if it is not this computer. */
  connectName: string | null;
  /** Whether what is written on the target is copied back. */
  bothWays: boolean;
  /** Whether the target is tagged Production. */
  production: boolean;
  /** Whether the source has listed its topics, is being asked, or does not answer. */
  sourceTopics: 'known' | 'asked' | 'silent';
}

/** What `settings` will do, in plain words, the gravest consequences marked. */
export function consequences(settings: TaskSettings, plan: Plan, around: Surroundings): Consequence[] {
  const texts = t().newTask;
  const found: Consequence[] = [];
  const say = (id: string, text: string, tone: Consequence['tone'] = 'plain') => found.push({ id, text, tone });
  const isOpen = 'matching' in settings.objects;

  say('reads', (around.bothWays ? texts.readsBothWays : texts.reads)(around.sourceName, around.targetName));
  if (around.connectName !== null) say('runs', texts.runsOnConnect(around.connectName));
  if (around.sourceTopics === 'silent') say('size', texts.sizeUnknown, 'warn');
  else if (around.sourceTopics === 'asked') say('size', texts.topicsLoading);
  else if (plan.topics.length === 0) say('size', texts.nothingSelected, isOpen ? 'plain' : 'warn');
  else say('size', texts.size(whole(plan.topics.length), whole(plan.partitions)));

  say('backlog', backlog(settings, plan));
  const overrides = Object.keys(settings.start_overrides).length;
  if (overrides > 0) say('overrides', texts.backlogOverrides(overrides));
  const ends = Object.keys(settings.end_overrides).length;
  if (ends > 0) say('ends', texts.endOverrides(ends));
  if (isOpen) say('later', texts.joinLater);
  if (plan.created !== null && plan.created > 0) say('created', texts.created(whole(plan.created), around.targetName));
  if (plan.renamed > 0) say('renamed', texts.renamed(whole(plan.renamed)));

  if (plan.holding.length > 0) {
    const [n, records] = [plan.holding.length, whole(plan.heldRecords)];
    if (settings.existing === 'stop') say('holding', texts.holdStop(n, around.targetName, records), 'warn');
    if (settings.existing === 'append') say('holding', texts.holdAppend(n, around.targetName, records), 'warn');
    if (settings.existing === 'rewrite') say('holding', texts.holdRewrite(n, around.targetName, records), 'bad');
  }
  if (around.production) say('production', texts.production(around.targetName), 'warn');
  if (plan.fewerPartitions > 0) say('fewer', texts.fewer(plan.fewerPartitions), 'warn');
  if (plan.errors > 0) say('names', texts.nameProblems(plan.errors), 'bad');

  const ceiling = ceilingOf(settings);
  if (ceiling.words !== '') say('ceiling', texts.ceiling(ceiling.words));
  if (settings.start === 'earliest' && ceiling.records !== null && plan.records !== null && plan.records / ceiling.records > 60) {
    say('time', texts.backlogDuration(duration(plan.records / ceiling.records)), plan.records / ceiling.records > 86_400 ? 'warn' : 'plain');
  }
  const kept = { 'exactly-once': texts.exactly, 'at-least-once': texts.atLeast, mirror: texts.mirrored };
  say('delivery', kept[settings.delivery]);
  return found;
}

function backlog(settings: TaskSettings, plan: Plan): string {
  const texts = t().newTask;
  const { start } = settings;
  if (start === 'latest') return texts.backlogLatest;
  if (start.startsWith('offset:')) return texts.backlogOffset(start.slice('offset:'.length));
  if (start.startsWith('time:')) return texts.backlogTime(absolute(Date.parse(start.slice('time:'.length))));
  if (start.startsWith('group:')) return texts.backlogGroup(start.slice('group:'.length));
  if (plan.records === null) return texts.backlogUnknown;
  return settings.bounded ? texts.backlogBounded(whole(plan.records)) : texts.backlog(whole(plan.records));
}

/** The ceilings that will hold: the task's own before those of its Spec. On Connect there are none but Kafka's quotas. */
export function ceilingOf(settings: TaskSettings): { records: number | null; bytes: number | null; words: string } {
  const texts = t().newTask;
  if (settings.run_on) return { records: null, bytes: null, words: '' };
  const profile = profileOf(settings.spec);
  const records = settings.rate.records_per_second ?? profile?.recordsPerSecond ?? null;
  const perSecond = settings.rate.bytes_per_second ?? profile?.bytesPerSecond ?? null;
  const words = [
    records === null ? '' : texts.specRate(whole(records)),
    perSecond === null ? '' : texts.specBytes(short(perSecond / 1_000_000)),
  ].filter((part) => part !== '');
  return { records, bytes: perSecond, words: words.join(', ') };
}
