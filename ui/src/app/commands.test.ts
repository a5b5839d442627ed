import { expect, test } from 'vitest';
import type { SourceRow, TaskRowView } from '../backend/bindings';
import { commands, MOST_COMMANDS, search } from './commands';

const task = (id: string, name: string, more: Partial<TaskRowView> = {}): TaskRowView => ({
  id,
  name,
  tags: [],
  source: 's1',
  source_name: 'Berlin',
  target: 's2',
  target_name: 'Dublin',
  state: 'running',
  allowed: ['pause', 'terminate', 'tune'],
  reason: null,
  created_ms: 0,
  delay_ms: null,
  lag_records: null,
  write_rate: 0,
  full_percent: 100,
  partitions: 3,
  ...more,
});
const source = (id: string, name: string) => ({ id, form: { name } }) as unknown as SourceRow;
const titles = (typed: string, tasks: TaskRowView[] = [], sources: SourceRow[] = []) =>
  search(commands(tasks, sources), typed).map(({ title }) => title);

test('every page that a shortcut leads to is offered with its keys', () => {
  const found = search(commands([], []), 'alerts');
  expect(found.map(({ title, keys, href }) => ({ title, keys, href }))).toEqual([
    { title: 'Go to the alerts', keys: ['g', 'a'], href: '#/alerts/rules' },
  ]);
});

test('a task is offered with what it allows now and with its tabs', () => {
  const all = commands([task('rp-1', 'orders')], []);
  const of = (title: string) => all.find((one) => one.title === title);
  expect(of('orders')?.href).toBe('#/tasks/rp-1/overview');
  expect(of('Pause: orders')?.run).toBeTypeOf('function');
  expect(of('Resume: orders')).toBeUndefined();
  expect(of('Verify: orders')?.href).toBe('#/tasks/rp-1/verify');
});

test('what cannot be taken back is only led to, and asked about there', () => {
  const command = commands([task('rp-1', 'orders')], []).find(({ title }) => title === 'Terminate: orders');
  expect(command?.run).toBeUndefined();
  expect(command?.href).toBe('#/tasks/rp-1/overview?ask=terminate');
});

test('words are found in any order and case, whole words and names first', () => {
  const tasks = [task('rp-1', 'reorders'), task('rp-2', 'orders'), task('rp-3', 'payments', { state: 'paused' })];
  expect(titles('orders', tasks)[0]).toBe('orders');
  expect(titles('ORDERS pause', tasks)).toEqual(['Pause: orders', 'Pause: reorders']);
  expect(titles('paused', tasks)[0]).toBe('payments');
  expect(titles('topics berlin', [], [source('s1', 'Berlin')])).toEqual(['Topics: Berlin']);
  expect(titles('nothing like it', tasks)).toEqual([]);
});

test('of very many only the first are shown', () => {
  const many = Array.from({ length: 500 }, (_, index) => task(`rp-${index}`, `task ${index}`));
  expect(titles('', many)).toHaveLength(MOST_COMMANDS);
  expect(titles('task 499', many)[0]).toBe('task 499');
});
