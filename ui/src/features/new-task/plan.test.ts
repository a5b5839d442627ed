import { expect, test } from 'vitest';
import type { TopicListing } from '../../backend/bindings';
import { blankChoices, toSettings } from './choices';
import { plan } from './plan';

const topic = (name: string, partitions: number, records: number | null): TopicListing => ({
  name,
  partitions,
  replicas: 1,
  records_estimate: records,
  internal: name === '__consumer_offsets',
});

test('a plan counts what is copied, what is there, and what cannot work', () => {
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b', suffix: '' });
  const source = [topic('orders', 6, 100), topic('clicks', 2, 50), topic('__consumer_offsets', 50, 9)];
  const found = plan(settings, source, [topic('orders', 3, 70)]);
  expect(found.topics.map(({ source: name }) => name)).toEqual(['orders', 'clicks']);
  expect(found).toMatchObject({ partitions: 8, records: 150, created: 1, renamed: 0, heldRecords: 70, fewerPartitions: 1, errors: 0 });
});

test('what is not known is not counted as nothing', () => {
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b' });
  const found = plan(settings, [topic('orders', 6, null)], null);
  expect([found.records, found.created]).toEqual([null, null]);
  expect(found.topics[0]?.existing).toBeUndefined();
});

test('exclusion wins, and patterns match whole names', () => {
  const settings = toSettings({ ...blankChoices(), objects: 'pattern', include: 'o.*', exclude: '.*-tmp' });
  const found = plan(settings, [topic('orders', 1, 1), topic('orders-tmp', 1, 1), topic('foo', 1, 1)], null);
  expect(found.topics.map(({ source: name }) => name)).toEqual(['orders']);
});

test('10 000 topics are planned within a frame or two', () => {
  const many = Array.from({ length: 10_000 }, (_, n) => topic(`topic-${n}`, 3, 10));
  const settings = toSettings({ ...blankChoices(), source: 'a', target: 'b', prefix: 'eu.' });
  const began = performance.now();
  expect(plan(settings, many, many).topics).toHaveLength(10_000);
  expect(performance.now() - began).toBeLessThan(500);
});
