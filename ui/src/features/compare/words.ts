import type {
  AclRow, AclRule, AclSync, ParityChange, ParityState, QuotaRow, QuotaSync, SettingRow, SettingSync, TopicRow,
} from '../../backend/bindings';
import { t } from '../../text/index.svelte';
import { say } from '../../text/say';

/** How a state looks. */
export const TONES: Record<ParityState, 'ok' | 'warn' | 'bad' | 'idle'> = {
  same: 'ok',
  differs: 'warn',
  only_source: 'warn',
  only_target: 'warn',
  unknown: 'idle',
};

/** A rule of access in one line: `allow User:alice WRITE TOPIC orders`; `*` stands behind a prefix. */
export function ruleText(rule: AclRule): string {
  const host = rule.host === '*' ? '' : ` ${t().compare.fromHost(rule.host)}`;
  const name = rule.pattern === 'PREFIXED' ? `${rule.name}*` : rule.name;
  return `${rule.permission} ${rule.principal}${host} ${rule.operation} ${rule.resource} ${name}`;
}

/** Whom a limit concerns: `user alice, client-id (default)`. */
export function entityText(entity: QuotaRow['entity']): string {
  return Object.entries(entity)
    .map(([kind, name]) => `${kind} ${name ?? `(${t().compare.byDefault})`}`)
    .join(', ');
}

/** Whether a setting counts as a difference: one that only a version of Kafka has does where it is set on the topic. */
export function isDifference(setting: SettingRow): boolean {
  if (setting.state === 'differs' || setting.state === 'unknown') return true;
  return setting.state !== 'same' && [setting.source, setting.target].some((value) => value?.origin === 'topic');
}

/** The name of a topic, with that of the target where it is another. */
export function topicText(row: TopicRow): string {
  return row.source_topic !== null && row.source_topic !== row.target_topic ? `${row.source_topic} → ${row.target_topic}` : row.target_topic;
}

/** What a sync would do. */
export function syncText(sync: SettingSync | AclSync | QuotaSync): string {
  const texts = t().compare;
  switch (sync.action) {
    case 'nothing':
      return texts.syncNothing;
    case 'set':
      return texts.syncSet(String(sync.value));
    case 'create':
      return texts.syncCreate;
    case 'remove':
      return 'inherited' in sync ? texts.syncRemove(sync.inherited) : texts.syncTakeAway;
    case 'leave':
      return texts.syncLeave(say(sync.why));
  }
}

/** A row of rules in one line, and how it is called on the target where that differs. */
export function aclText(row: AclRow): { rule: string; renamed: string | null } {
  const own = row.source ?? row.target;
  const rule = own === null ? '' : ruleText(own);
  const there = row.source !== null && row.target !== null ? ruleText(row.target) : rule;
  return { rule, renamed: there === rule ? null : there };
}

/** A change: what it does, of what, and what is there before and after. */
export function changeText(change: ParityChange): { what: string; of: string; now: string; then: string } {
  const texts = t().compare;
  const none = texts.missing;
  switch (change.kind) {
    case 'set_value':
      return { what: texts.changeSet(change.key), of: change.topic, now: change.was ?? none, then: change.value };
    case 'remove_value':
      return { what: texts.changeRemove(change.key), of: change.topic, now: change.was ?? none, then: change.inherited };
    case 'create_acl':
      return { what: texts.changeCreateAcl, of: ruleText(change.rule), now: '', then: '' };
    case 'remove_acl':
      return { what: texts.changeRemoveAcl, of: ruleText(change.rule), now: '', then: '' };
    case 'set_quota':
      return { what: texts.changeSet(change.limit), of: entityText(change.entity), now: String(change.was ?? none), then: String(change.value) };
    case 'remove_quota':
      return { what: texts.changeRemove(change.limit), of: entityText(change.entity), now: String(change.was ?? none), then: none };
  }
}

/** Whether a change takes something away: such ones are confirmed apart. */
export function isRemoval(change: ParityChange): boolean {
  return change.kind === 'remove_value' || change.kind === 'remove_acl' || change.kind === 'remove_quota';
}
