import { expect, test } from 'vitest';
import type { TaskRowView } from '../../backend/bindings';
import { ordered } from './task-order';

const row = (id: string, state: TaskRowView['state'], created_ms: number) => ({ id, state, created_ms, name: id, delay_ms: null, write_rate: 0 }) as TaskRowView;
const ids = (rows: TaskRowView[]) => rows.map(({ id }) => id);

test('tasks that need a person come first, and of equal ones the newest', () => {
  const rows = [row('done', 'completed', 9), row('old', 'running', 1), row('new', 'running', 5), row('odd', 'abnormal', 2), row('bad', 'failed', 0)];
  expect(ids(ordered(rows, 'state', null))).toEqual(['bad', 'odd', 'new', 'old', 'done']);
});

test('a held order stays when states change, and new tasks come behind it', () => {
  const before = ids(ordered([row('a', 'running', 2), row('b', 'running', 1)], 'state', null));
  const now = [row('a', 'running', 2), row('b', 'failed', 1), row('c', 'failed', 9)];
  expect(ids(ordered(now, 'state', before))).toEqual(['a', 'b', 'c']);
  expect(ids(ordered(now, 'state', null))).toEqual(['c', 'b', 'a']);
});
