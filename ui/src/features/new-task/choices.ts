import type {
  Codec,
  ConfigurationSync,
  Delivery,
  ExistingData,
  ForbiddenTopics,
  GroupSync,
  LaneChoice,
  MissingTimestamps,
  OutOfRange,
  RegexRename,
  Spec,
  TaskSettings,
  VerificationSchedule,
} from '../../backend/bindings';
import { noEnd, readEnd, writeEnd, type EndChoice } from './end';
import { readMoment } from '../../lib/day';

/** How topics are chosen. */
export type ObjectsMode = 'all' | 'chosen' | 'pattern';
/** The ways a copy may begin. */
export type StartMode = 'earliest' | 'latest' | 'offset' | 'time' | 'last' | 'group';

/** A start position as it is being entered. */
export interface StartChoice {
  mode: StartMode;
  offset: string;
  /** Local time as it is written, without a zone: `2026-01-31 08:00:00`. */
  time: string;
  /** How many before the end. */
  last: string;
  group: string;
}

/**
 * What a person has entered so far. Unlike settings it may be incomplete or wrong, and it keeps what is out of use at the
 * moment: going back finds everything as it was.
 */
export interface Choices {
  name: string;
  source: string;
  target: string;
  /** Whether a second task copies the same topics back. */
  bothWays: boolean;
  /** That task, once the draft is saved. */
  partner: string | null;
  objects: ObjectsMode;
  topics: string[];
  include: string;
  exclude: string;
  prefix: string;
  suffix: string;
  regex: RegexRename[];
  map: Record<string, string>;
  start: StartChoice;
  end: EndChoice;
  /** Topics that begin elsewhere, and may end elsewhere; one without an end of its own ends as the others. */
  overrides: { topic: string; start: StartChoice; end: EndChoice }[];
  /** Ends of topics that begin as the others, which were given elsewhere; kept here. */
  otherEnds: Record<string, string>;
  existing: ExistingData;
  delivery: Delivery;
  outOfRange: OutOfRange;
  forbiddenTopics: ForbiddenTopics;
  missingTimestamps: MissingTimestamps;
  lane: LaneChoice;
  spec: Spec;
  rateRecords: string;
  rateMegabytes: string;
  replicationFactor: string;
  compression: Codec;
  bounded: boolean;
  /** The Connect cluster that it runs on; this computer where it is empty. */
  runOn: string;
  /** Turned on elsewhere, after what it would change was seen; kept here. */
  configurationSync: ConfigurationSync;
  /** Chosen where the task's groups are shown; kept here. */
  syncGroups: GroupSync | null;
  /** Chosen where the task is verified; kept here. */
  verification: VerificationSchedule | null;
  /** Given where the task's settings are; kept here. */
  tags: readonly string[];
}

/** A start at the earliest record. */
export function earliest(): StartChoice {
  return { mode: 'earliest', offset: '', time: '', last: '', group: '' };
}

/** Nothing entered yet: every choice at its default. */
export function blankChoices(): Choices {
  return {
    name: '',
    source: '',
    target: '',
    bothWays: false,
    partner: null,
    objects: 'all',
    topics: [],
    include: '',
    exclude: '',
    prefix: '',
    suffix: '',
    regex: [],
    map: {},
    start: earliest(),
    end: noEnd(),
    overrides: [],
    otherEnds: {},
    existing: 'stop',
    delivery: 'exactly-once',
    outOfRange: 'stop',
    forbiddenTopics: 'stop',
    missingTimestamps: 'copy-time',
    lane: 'auto',
    spec: 'xlarge',
    rateRecords: '',
    rateMegabytes: '',
    replicationFactor: '',
    compression: 'auto',
    bounded: false,
    runOn: '',
    configurationSync: { on: false, remove: false, with: [] },
    syncGroups: null,
    verification: null,
    tags: [],
  };
}

const EVERYTHING = '.*';
const BYTES_IN_MEGABYTE = 1_000_000;

/** Reads a start position as settings have it. */
export function readStart(text: string): StartChoice {
  const start = earliest();
  if (text === 'latest') return { ...start, mode: 'latest' };
  if (text.startsWith('offset:')) return { ...start, mode: 'offset', offset: text.slice('offset:'.length) };
  if (text.startsWith('last:')) return { ...start, mode: 'last', last: text.slice('last:'.length) };
  if (text.startsWith('group:')) return { ...start, mode: 'group', group: text.slice('group:'.length) };
  if (text.startsWith('time:')) {
    const at = new Date(text.slice('time:'.length));
    return { ...start, mode: 'time', time: Number.isNaN(at.getTime()) ? '' : localTime(at) };
  }
  return start;
}

/** Writes a start position for settings; null while it is incomplete or wrong. */
export function writeStart(start: StartChoice): string | null {
  switch (start.mode) {
    case 'earliest':
    case 'latest':
      return start.mode;
    case 'offset':
      return isOffsets(start.offset) ? `offset:${start.offset.replaceAll(/\s/g, '')}` : null;
    case 'time': {
      const at = readMoment(start.time)?.at ?? null;
      // As the backend writes it: another spelling would look like a change.
      return at === null ? null : `time:${at.toISOString().replace('.000Z', 'Z')}`;
    }
    case 'last': {
      const count = positive(start.last);
      return typeof count === 'number' ? `last:${count}` : null;
    }
    case 'group':
      return start.group === '' ? null : `group:${start.group}`;
  }
}

/** Whether `text` is one offset, or one for each of some partitions. */
export function isOffsets(text: string): boolean {
  return /^\s*\d{1,18}\s*$/.test(text) || /^\s*\d+\s*=\s*\d{1,18}\s*(,\s*\d+\s*=\s*\d{1,18}\s*)*$/.test(text);
}

/** A moment as a field for date and time has it. */
export function localTime(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** A whole number greater than 0, null for none, undefined for a mistake. */
export function positive(text: string): number | null | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const value = Number(trimmed);
  return /^\d+$/.test(trimmed) && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** What the choices amount to. Incomplete parts take their defaults: the wizard does not go on before they are complete. */
export function toSettings(choices: Choices): TaskSettings {
  const chosen = choices.objects === 'chosen';
  const { bothWays } = choices;
  const isCopied = (topic: string) => topic !== '' && (!chosen || choices.topics.includes(topic));
  const ends = [...Object.entries(choices.otherEnds), ...choices.overrides.map(({ topic, end }) => [topic, writeEnd(end)] as const)];
  const overrides = choices.overrides
    .map(({ topic, start }) => [topic, writeStart(start)] as const)
    .filter((entry): entry is readonly [string, string] => isCopied(entry[0]) && entry[1] !== null);
  const megabytes = positive(choices.rateMegabytes);
  return {
    name: choices.name.trim(),
    source: choices.source,
    target: choices.target,
    objects: chosen
      ? { topics: choices.topics }
      : choices.objects === 'all'
        ? { matching: { include: EVERYTHING, exclude: null } }
        : { matching: { include: choices.include.trim(), exclude: choices.exclude.trim() || null } },
    rename: bothWays ? { map: {}, regex: [], prefix: '', suffix: '' } : {
      // A name given to a topic that was taken back is kept for when it returns, but does not apply.
      map: Object.fromEntries(
        Object.entries(choices.map).filter(([topic]) => !chosen || choices.topics.includes(topic)),
      ),
      regex: choices.regex.filter((rule) => rule.pattern !== '').map((rule) => ({ ...rule })),
      prefix: choices.prefix.trim(),
      suffix: choices.suffix.trim(),
    },
    start: writeStart(choices.start) ?? 'earliest',
    start_overrides: Object.fromEntries(overrides),
    end: bothWays ? null : (writeEnd(choices.end) ?? null),
    end_overrides: bothWays ? {} : Object.fromEntries(ends.filter((entry): entry is readonly [string, string] => isCopied(entry[0]) && typeof entry[1] === 'string')),
    existing: bothWays ? 'append' : choices.existing,
    delivery: choices.delivery,
    out_of_range: choices.outOfRange,
    forbidden_topics: choices.forbiddenTopics,
    missing_timestamps: choices.missingTimestamps,
    lane: choices.lane,
    // On Connect nothing limits the speed but Kafka's own quotas.
    spec: choices.runOn === '' ? choices.spec : 'xlarge',
    rate: {
      records_per_second: choices.runOn === '' ? (positive(choices.rateRecords) ?? null) : null,
      bytes_per_second: choices.runOn === '' && megabytes ? megabytes * BYTES_IN_MEGABYTE : null,
    },
    replication_factor: positive(choices.replicationFactor) ?? null,
    compression: choices.compression,
    bounded: choices.bounded,
    run_on: choices.runOn === '' ? null : choices.runOn,
    sync_groups: choices.syncGroups && { ...choices.syncGroups },
    verification: choices.verification && { ...choices.verification },
    tags: [...choices.tags],
    ...(bothWays && choices.partner !== null ? { both_ways: choices.partner } : {}),
    configuration_sync: { ...choices.configurationSync, with: [...choices.configurationSync.with] },
  };
}

/** The choices that led to `settings`. */
export function fromSettings(settings: TaskSettings): Choices {
  const choices = blankChoices();
  const { objects, rename, rate } = settings;
  if ('topics' in objects) {
    choices.objects = 'chosen';
    choices.topics = [...objects.topics];
  } else if (objects.matching.include === EVERYTHING && objects.matching.exclude === null) {
    choices.objects = 'all';
  } else {
    choices.objects = 'pattern';
    choices.include = objects.matching.include;
    choices.exclude = objects.matching.exclude ?? '';
  }
  return {
    ...choices,
    name: settings.name,
    source: settings.source,
    target: settings.target,
    bothWays: settings.both_ways !== undefined,
    partner: settings.both_ways ?? null,
    prefix: rename.prefix,
    suffix: rename.suffix,
    regex: rename.regex.map((rule) => ({ ...rule })),
    map: Object.fromEntries(Object.entries(rename.map).map(([from, to]) => [from, to ?? ''])),
    start: readStart(settings.start),
    end: readEnd(settings.end),
    overrides: Object.entries(settings.start_overrides).map(([topic, start]) => ({ topic, start: readStart(start), end: readEnd(settings.end_overrides[topic] ?? null) })),
    otherEnds: Object.fromEntries(Object.entries(settings.end_overrides).filter(([topic]) => !(topic in settings.start_overrides))),
    existing: settings.existing,
    delivery: settings.delivery,
    outOfRange: settings.out_of_range,
    forbiddenTopics: settings.forbidden_topics,
    missingTimestamps: settings.missing_timestamps,
    lane: settings.lane,
    spec: settings.spec,
    rateRecords: rate.records_per_second === null ? '' : String(rate.records_per_second),
    rateMegabytes: rate.bytes_per_second === null ? '' : String(Math.max(1, Math.round(rate.bytes_per_second / BYTES_IN_MEGABYTE))),
    replicationFactor: settings.replication_factor === null ? '' : String(settings.replication_factor),
    compression: settings.compression,
    bounded: settings.bounded,
    runOn: settings.run_on ?? '',
    configurationSync: settings.configuration_sync,
    syncGroups: settings.sync_groups,
    verification: settings.verification,
    tags: settings.tags,
  };
}

/** Whether both come to the same, whatever the order of their keys. */
export function sameSettings(a: TaskSettings, b: TaskSettings): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
