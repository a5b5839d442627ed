import { expect, test } from 'vitest';
import { toCsv } from './csv';
import { differences, sidesOf } from './difference';

test('only what differs is shown, by its path', () => {
  const before = { name: 'a', rate: { records: 5 }, topics: ['x', 'y'] };
  const after = { name: 'a', rate: { records: 7 }, topics: ['x'], note: 'n' };
  expect(differences(before, after)).toEqual([
    { field: 'note', before: null, after: 'n' },
    { field: 'rate.records', before: '5', after: '7' },
    { field: 'topics', before: 'x, y', after: 'x' },
  ]);
  expect(differences(5, 6)).toEqual([{ field: 'value', before: '5', after: '6' }]);
});

test('what was made has no side of before, and what was removed none of after', () => {
  expect(sidesOf(differences(null, { name: 'a' }))).toEqual(['after']);
  expect(sidesOf(differences({ name: 'a' }, null))).toEqual(['before']);
  expect(sidesOf(differences({ name: 'a' }, { name: 'b', note: 'n' }))).toEqual(['before', 'after']);
});

test('a spreadsheet neither breaks on quotes nor takes a name for a formula', () => {
  const row = { id: 1, at_ms: 0, actor: 'ann', action: 'task_create', object_kind: 'task', object_id: 'rp-1', object_name: '=1+1', before: null, after: null, outcome: 'ok', detail: 'a "b",\nc' };
  expect(toCsv([row]).split('\r\n')[1]).toBe(`1970-01-01T00:00:00.000Z,ann,task_create,task,rp-1,'=1+1,ok,"a ""b"",\nc"`);
});
