import type { ExistingData, TaskSettings, TopicListing } from '../../backend/bindings';
import { expression, isError, nameProblems, patternProblem, targetName, type NameProblem } from './naming';

/** A topic to copy, with what is known of both ends. */
export interface PlannedTopic {
  source: string;
  target: string;
  partitions: number | null;
  records: number | null;
  /** What the target has under that name now; null when there is nothing, undefined when it is not known. */
  existing: TopicListing | null | undefined;
  problem: NameProblem | null;
}

/** What settings come to with the topics there are. */
export interface Plan {
  topics: PlannedTopic[];
  partitions: number;
  /** Records that exist now; null when the source does not report every topic. */
  records: number | null;
  /** Topics of the target that do not exist yet; null when the target is not known. */
  created: number | null;
  renamed: number;
  /** Topics of the target that hold records, the fullest first. */
  holding: PlannedTopic[];
  heldRecords: number;
  fewerPartitions: number;
  errors: number;
  existing: ExistingData;
}

/** Topics of Kafka and its tools, which no pattern takes. */
export function isInternal(topic: TopicListing): boolean {
  return topic.internal || topic.name.startsWith('__');
}

/** The names among `available` that settings choose. */
export function chosenTopics(settings: TaskSettings, available: readonly TopicListing[]): string[] {
  const { objects } = settings;
  if ('topics' in objects) return objects.topics;
  const { include, exclude } = objects.matching;
  if (include === '' || patternProblem(include) !== null) return [];
  const wanted = expression(include, true);
  const unwanted = exclude !== null && patternProblem(exclude) === null ? expression(exclude, true) : null;
  return available
    .filter((topic) => !isInternal(topic) && wanted.test(topic.name) && !unwanted?.test(topic.name))
    .map((topic) => topic.name);
}

/** What `settings` come to. Topics of a cluster that is not known are null. */
export function plan(
  settings: TaskSettings,
  source: readonly TopicListing[] | null,
  target: readonly TopicListing[] | null,
): Plan {
  const available = new Map((source ?? []).map((topic) => [topic.name, topic]));
  const there = target === null ? null : new Map(target.map((topic) => [topic.name, topic]));
  const routes = chosenTopics(settings, source ?? []).map(
    (name) => [name, targetName(settings.rename, name)] as const,
  );
  const problems = nameProblems(routes, settings.source !== '' && settings.source === settings.target);
  const topics = routes.map(([name, targetTopic]): PlannedTopic => {
    const known = available.get(name);
    return {
      source: name,
      target: targetTopic,
      partitions: known?.partitions ?? null,
      records: known?.records_estimate ?? null,
      existing: there === null ? undefined : (there.get(targetTopic) ?? null),
      problem: problems.get(name) ?? null,
    };
  });
  const holding = topics
    .filter((topic) => (topic.existing?.records_estimate ?? 0) > 0)
    .sort((a, b) => (b.existing?.records_estimate ?? 0) - (a.existing?.records_estimate ?? 0));
  return {
    topics,
    partitions: topics.reduce((sum, topic) => sum + (topic.partitions ?? 0), 0),
    records:
      source === null || topics.some((topic) => topic.records === null)
        ? null
        : topics.reduce((sum, topic) => sum + (topic.records ?? 0), 0),
    created: there === null ? null : topics.filter((topic) => topic.existing === null).length,
    renamed: topics.filter((topic) => topic.source !== topic.target).length,
    holding,
    heldRecords: holding.reduce((sum, topic) => sum + (topic.existing?.records_estimate ?? 0), 0),
    fewerPartitions: topics.filter(
      (topic) => topic.existing && topic.partitions !== null && topic.existing.partitions < topic.partitions,
    ).length,
    errors: topics.filter((topic) => topic.problem !== null && isError(topic.problem)).length,
    existing: settings.existing,
  };
}
