import { expect, test } from 'vitest';
import type { NameProblem, Naming, TopicListing } from '../../backend/bindings';
import { blankChoices, toSettings } from './choices';
import { plan } from './plan';

const topic = (name: string, partitions: number, records: number | null): TopicListing => ({
  name,
  partitions,
  replicas: 1,
  records_estimate: records,
  internal: false,
});
const naming = (...topics: [source: string, target: string, problem?: NameProblem][]): Naming => ({
  topics: topics.map(([source, target, problem]) => ({ source, target, by_rules: source, problem: problem ?? null })),
  include: null,
  exclude: null,
  rules: [],
});

test('a plan counts what is copied, what is there, and what cannot work', () => {
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b' });
  const names = naming(['orders', 'orders'], ['clicks', 'c'], ['odd', 'a b', { kind: 'refused', rule: 'characters' }], ['p.q', 'p.q', { kind: 'collision', other: 'p_q' }]);
  const source = [topic('orders', 6, 100), topic('clicks', 2, 50), topic('odd', 1, 0), topic('p.q', 1, 0)];
  const found = plan(settings, names, source, [topic('orders', 3, 70)]);
  expect(found.topics.map(({ source: name }) => name)).toEqual(['orders', 'clicks', 'odd', 'p.q']);
  expect(found).toMatchObject({ partitions: 10, records: 150, created: 3, renamed: 2, heldRecords: 70, fewerPartitions: 1, errors: 1 });
});

test('what is not known is not counted as nothing', () => {
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b' });
  const found = plan(settings, naming(['orders', 'orders']), [topic('orders', 6, null)], null);
  expect([found.records, found.created]).toEqual([null, null]);
  expect(found.topics[0]?.existing).toBeUndefined();
});

test('before the backend has named the topics there is nothing to show', () => {
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b' });
  expect(plan(settings, null, [topic('orders', 1, 1)], null).topics).toEqual([]);
});
