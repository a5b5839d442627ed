import { expect, test } from 'vitest';
import { readDuration, writeDuration } from './duration';
import { isTime, readWindows } from './quiet-windows';

test('durations come back in the greatest unit that needs no fraction', () => {
  expect([readDuration(90), readDuration(120), readDuration(7200)]).toEqual([
    { amount: '90', unit: 'seconds' },
    { amount: '2', unit: 'minutes' },
    { amount: '2', unit: 'hours' },
  ]);
  expect([writeDuration({ amount: '1.5', unit: 'minutes' }), writeDuration({ amount: 'x', unit: 'hours' })]).toEqual([90, 0]);
});

test('times of day have 24 hours', () => {
  expect(['00:00', '23:59', '24:00', '7:00', '10:00 PM'].map(isTime)).toEqual([true, true, false, false, false]);
});

test('a setting that is not as expected is no reason to show nothing', () => {
  const window = { from: '22:00', to: '07:00', days: ['monday'], enabled: true };
  expect(readWindows([window, null, 5])).toEqual([window]);
  expect(readWindows(undefined)).toEqual([]);
});
