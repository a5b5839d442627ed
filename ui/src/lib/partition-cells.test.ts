import { expect, test } from 'vitest';
import { partitionCells } from './partition-cells';

test('each letter of a summary is a cell, filled as its digit says', () => {
  const summary = { count: 5, caught_up: 1, health: 'kbrts', filled: 'f7003', gaps: 0, gap_topics: [], troubled: 0, troubled_topics: [] };
  const cells = partitionCells(summary);
  expect(cells.map(({ tone }) => tone)).toEqual(['ok', 'busy', 'idle', 'warn', 'bad']);
  expect(cells.map(({ fill }) => Math.round(fill * 15))).toEqual([15, 7, 0, 0, 3]);
});

test('a task whose partitions are not known has no cells', () => {
  expect(partitionCells(undefined)).toEqual([]);
});
