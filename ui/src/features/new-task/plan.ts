import type { ExistingData, NameProblem, NamedTopic, Naming, TaskSettings, TopicListing } from '../../backend/bindings';

/** A topic to copy, with what is known of both ends. */
export interface PlannedTopic {
  source: string;
  target: string;
  /** The target name without an entry of its own. */
  byRules: string;
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

/** Whether a target name cannot stay as it is; a collision is only worth knowing. */
export function isError(problem: NameProblem): boolean {
  return problem.kind !== 'collision';
}

/** The topics of Kafka and its tools are no topics of a person. */
export function ownTopics(topics: readonly TopicListing[]): TopicListing[] {
  return topics.filter((topic) => !topic.internal);
}

/** What `settings` come to, with the names that the backend found. Topics of a cluster that is not known are null. */
export function plan(
  settings: TaskSettings,
  naming: Naming | null,
  source: readonly TopicListing[] | null,
  target: readonly TopicListing[] | null,
): Plan {
  const available = new Map((source ?? []).map((topic) => [topic.name, topic]));
  const there = target === null ? null : new Map(target.map((topic) => [topic.name, topic]));
  const topics = (naming?.topics ?? []).map(({ source: name, target: targetTopic, by_rules: byRules, problem }: NamedTopic): PlannedTopic => {
    const known = available.get(name);
    return {
      source: name,
      target: targetTopic,
      byRules,
      partitions: known?.partitions ?? null,
      records: known?.records_estimate ?? null,
      existing: there === null ? undefined : (there.get(targetTopic) ?? null),
      problem,
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
