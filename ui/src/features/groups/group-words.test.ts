import { expect, test } from 'vitest';
import type { GroupPosition, GroupReport } from '../../backend/bindings';
import { counted, isMovable, proved } from './group-words';

function position(change: Partial<GroupPosition>): GroupPosition {
  return {
    topic: 't',
    partition: 0,
    source_offset: 5,
    target_topic: 't',
    target_offset: 7,
    target_committed: null,
    result: 'exact',
    missing: null,
    read_again: null,
    proved: null,
    committed: false,
    reason: null,
    ...change,
  };
}

test('positions are counted by how they translate, the certain ones first', () => {
  const partitions = [position({ result: 'pending' }), position({}), position({}), position({ result: 'before_start' })];
  expect(counted(partitions)).toEqual([
    ['exact', 2],
    ['pending', 1],
    ['before_start', 1],
  ]);
});

test('a proof is counted only where it was looked at', () => {
  expect(proved([position({}), position({})])).toBeNull();
  expect(proved([position({ proved: true }), position({ proved: false }), position({})])).toEqual([1, 3]);
});

test('a group is movable unless it is in use, of another kind, or without positions here', () => {
  const group = (change: Partial<GroupReport>) => ({ state: 'behind', partitions: [position({})], ...change }) as GroupReport;
  expect(isMovable(group({}))).toBe(true);
  expect(isMovable(group({ state: 'ahead' }))).toBe(true);
  for (const state of ['live', 'taken_over', 'not_moved', 'unknown'] as const) expect(isMovable(group({ state }))).toBe(false);
  expect(isMovable(group({ partitions: [] }))).toBe(false);
});
