import { expect, test } from 'vitest';
import { Catalogue } from '../../text/sentences';
import { sentences } from '../../text/zh/sentences';
import type { AclRule, EffectiveValue, ParityView, SettingRow } from '../../backend/bindings';
import { toCsv } from './csv';
import { readPrincipals } from './request';
import { aclText, changeText, isDifference, isRemoval, ruleText } from './words';

const rule: AclRule = {
  resource: 'TOPIC',
  pattern: 'PREFIXED',
  name: 'ord',
  principal: 'User:anna',
  host: '*',
  operation: 'WRITE',
  permission: 'ALLOW',
};

function value(text: string, origin: EffectiveValue['origin']): EffectiveValue {
  return { value: text, origin, inherited: null, read_only: false, sensitive: false };
}

function setting(key: string, state: SettingRow['state'], source: EffectiveValue | null, target: EffectiveValue | null): SettingRow {
  return { key, state, source, target, sync: { action: 'nothing' } };
}

test('a rule is one line, with a star behind a prefix and the host where there is one', () => {
  expect(ruleText(rule)).toBe('ALLOW User:anna WRITE TOPIC ord*');
  expect(ruleText({ ...rule, pattern: 'LITERAL', host: '10.0.0.1' })).toBe('ALLOW User:anna from 10.0.0.1 WRITE TOPIC ord');
});

test('a rule that is called otherwise on the target shows both', () => {
  const there = { ...rule, name: 'eu.ord' };
  expect(aclText({ source: rule, target: there, state: 'only_source', sync: { action: 'create' } }).renamed).toBe('ALLOW User:anna WRITE TOPIC eu.ord*');
  expect(aclText({ source: rule, target: rule, state: 'same', sync: { action: 'nothing' } }).renamed).toBeNull();
});

test('a setting of one version of Kafka is a difference only where it is set on the topic', () => {
  expect(isDifference(setting('a', 'only_target', null, value('1', 'default')))).toBe(false);
  expect(isDifference(setting('a', 'only_source', value('1', 'topic'), null))).toBe(true);
  expect(isDifference(setting('a', 'differs', value('1', 'default'), value('2', 'default')))).toBe(true);
});

test('what takes something away is a removal', () => {
  expect(isRemoval({ kind: 'remove_acl', rule })).toBe(true);
  expect(isRemoval({ kind: 'create_acl', rule })).toBe(false);
  const change = { kind: 'set_quota' as const, entity: { user: null }, limit: 'producer_byte_rate', value: 5, was: null };
  expect(changeText(change)).toEqual({ what: 'Set producer_byte_rate', of: 'user (default)', now: 'none', then: '5' });
});

test('principals are read line by line, and a line that is none is named', () => {
  expect(readPrincipals('User:CN=a,O=b => User:a\n\n User:x=>User:y ')).toEqual({
    map: { 'User:CN=a,O=b': 'User:a', 'User:x': 'User:y' },
    wrong: null,
  });
  expect(readPrincipals('User:a => User:b\nUser:c').wrong).toBe(2);
  expect(readPrincipals('User:a =>').wrong).toBe(1);
});

test('a comparison is a table for spreadsheets, in which no name is a formula', () => {
  const view: ParityView = {
    source_name: 'old',
    target_name: 'new',
    at_ms: 0,
    result: 'different',
    source_cluster_id: null,
    target_cluster_id: null,
    topics: [
      {
        source_topic: '=orders',
        target_topic: '=orders',
        source: { partitions: 3, replicas: 1 },
        target: null,
        state: 'only_source',
        settings: [setting('retention.ms', 'differs', value('5', 'topic'), value('6', 'default'))],
        same_settings: 0,
        unknown: [],
      },
    ],
    acls: { source: { state: 'rules', rules: 1, of_other_kinds: 0 }, target: { state: 'unknown' }, rows: [{ source: rule, target: rule, state: 'unknown', sync: { action: 'leave', why: 'x' } }] },
    quotas: null,
    groups: [{ group: 'g', source: { state: null, kind: null, protocol_type: '' }, target: null, state: 'only_source' }],
    unknown: [],
    changes: [],
  };
  const lines = toCsv(view).trimEnd().split('\r\n');
  expect(lines).toEqual([
    'kind,name,setting,state,source,target,source_origin,target_origin',
    "topic,'=orders,,only_source,3 x 1,,,",
    "setting,'=orders,retention.ms,differs,5,6,topic,default",
    'acl,ALLOW User:anna WRITE TOPIC ord*,,unknown,ALLOW User:anna WRITE TOPIC ord*,,,',
    'group,g,,only_source,yes,,,',
  ]);
});

const chinese = new Catalogue(sentences);

test.each([
  [
    'the ACLs of the target cannot be read: DescribeAcls was answered with CLUSTER_AUTHORIZATION_FAILED (Cluster authorization failed.); give this user DESCRIBE on the cluster',
    '无法读取目标的 ACL：DescribeAcls 的应答为 CLUSTER_AUTHORIZATION_FAILED（Cluster authorization failed.）；请授予此用户集群的 DESCRIBE 权限',
  ],
  [
    'the quotas of the source cannot be read: the broker a:1 does not know the request DescribeClientQuotas; Kafka 2.6 and newer do',
    '无法读取源的配额：broker a:1 不支持请求 DescribeClientQuotas；Kafka 2.6 及更新版本支持',
  ],
  [
    "the clusters have changed since they were compared: retention.ms of 'a' is no longer what would make 'new' like 'old'. Nothing was changed; compare again",
    '集群在比较之后发生了变化：“a”的 retention.ms已不再是使“new”与“old”一致的更改。未作任何更改；请重新比较',
  ],
])('a comparison says in Chinese: %s', (english, translated) => expect(chinese.translate(english)).toBe(translated));
