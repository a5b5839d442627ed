import { beforeEach, expect, test } from 'vitest';
import { replaceBackend } from '../../backend';
import type { TaskTopics, TopicLine } from '../../backend/bindings';
import { TopicRows } from './topic-rows.svelte';

const asked: TaskTopics[] = [];
let names: string[] = [];
let lag = 1;

const line = (topic: string): TopicLine => ({ kind: 'topic', topic, lag }) as unknown as TopicLine;
const named = (rows: TopicRows): (string | undefined)[] => rows.rows.map((row) => row?.topic);

beforeEach(() => {
  asked.length = 0;
  lag = 1;
  names = Array.from({ length: 1000 }, (_, n) => `t${String(n).padStart(4, '0')}`);
  replaceBackend({
    call: async (_, request) => {
      const wanted = request as unknown as TaskTopics;
      asked.push(wanted);
      const found = names.slice(wanted.offset, wanted.offset + (wanted.limit ?? 0));
      return { partitions: 10_000, topics: names.length, total: names.length, rows: found.map(line) } as never;
    },
    subscribe: () => () => undefined,
    desktop: null,
  });
});

test('rows are fetched as they are seen, and those in between are left out', async () => {
  const rows = new TopicRows('t');
  await rows.load();
  expect(rows.rows).toHaveLength(1000);
  expect(rows.rows[0]?.topic).toBe('t0000');
  expect(rows.rows[500]).toBeUndefined();
  await rows.see(490, 510);
  expect(asked).toHaveLength(2);
  expect(asked[1]?.limit).toBeLessThan(200);
  expect(rows.rows[500]?.topic).toBe('t0500');
  expect(rows.rows[0]?.topic).toBe('t0000');
  await rows.see(495, 505);
  expect(asked, 'what is there is not fetched again for being seen').toHaveLength(2);
});

test('under the pointer numbers change and rows stay; without it they move', async () => {
  names = ['a', 'b', 'c'];
  const rows = new TopicRows('t');
  await rows.load();
  names = ['c', 'a', 'b'];
  lag = 2;
  rows.isHeld = true;
  await rows.refresh();
  expect(named(rows)).toEqual(['a', 'b', 'c']);
  expect(rows.rows.map((row) => row?.lag)).toEqual([2, 2, 2]);
  rows.isHeld = false;
  await rows.refresh();
  expect(named(rows)).toEqual(['c', 'a', 'b']);
});

test('a topic opens under the pointer, also where newer numbers overtake the answer', async () => {
  names = ['a', 'b'];
  const rows = new TopicRows('t');
  await rows.load();
  rows.isHeld = true;
  const opening = rows.toggle('a');
  names = ['a', 'a-0', 'b'];
  await Promise.all([opening, rows.refresh()]);
  expect(named(rows)).toEqual(['a', 'a-0', 'b']);
});

test('a column sorts from its useful end, and the other way round when asked again', async () => {
  const rows = new TopicRows('t');
  await rows.sort('lag');
  await rows.sort('lag');
  await rows.sort('state');
  expect(asked.map(({ order, descending }) => [order, descending])).toEqual([['lag', true], ['lag', false], ['state', false]]);
});

test('a topic is opened and closed, also when all are open', async () => {
  const rows = new TopicRows('t');
  await rows.toggle('a');
  await rows.toggle('a');
  rows.openAll();
  await rows.toggle('b');
  expect(asked.map(({ open, except }) => [open, except])).toEqual([[false, ['a']], [false, []], [true, ['b']]]);
});
