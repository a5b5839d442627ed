import { expect, test } from 'vitest';
import { noEnd, readEnd, writeEnd } from './end';
import { readStart, writeStart } from './choices';

test.each([null, 'launch', 'offset:7', 'offset:0=5,1=9', 'records:100'])('the end %s reads back as it was written', (text) => {
  expect(writeEnd(readEnd(text))).toBe(text);
});

test('a time keeps its moment', () => {
  const written = writeEnd(readEnd('time:2026-01-31T08:00:00Z'));
  expect(written).toBe('time:2026-01-31T08:00:00.000Z');
});

test.each([
  { ...noEnd(), mode: 'offset' as const, offset: '-1' },
  { ...noEnd(), mode: 'time' as const },
  { ...noEnd(), mode: 'records' as const, records: '0' },
  { ...noEnd(), mode: 'records' as const },
])('an incomplete end is none', (end) => {
  expect(writeEnd(end)).toBeUndefined();
});

test('the last records are a start', () => {
  expect(writeStart(readStart('last:50'))).toBe('last:50');
  expect(writeStart({ ...readStart('last:50'), last: '0' })).toBeNull();
});
