import { expect, test } from 'vitest';
import { readDay } from './day';

test('a date is the whole day, and a time of day the whole minute', () => {
  expect(readDay('2026-01-31')).toEqual({ first: new Date(2026, 0, 31).getTime(), behind: new Date(2026, 1, 1).getTime() });
  expect(readDay(' 2026-1-31 08:05 ')).toEqual({ first: new Date(2026, 0, 31, 8, 5).getTime(), behind: new Date(2026, 0, 31, 8, 6).getTime() });
});

test.each(['', '2026', '31.1.2026', '2026-02-30', '2026-01-31 25:00', 'yesterday'])('%j is no date', (text) => {
  expect(readDay(text)).toBeNull();
});
