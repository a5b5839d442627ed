import { expect, test } from 'vitest';
import { axisEnd } from './chart-range';

test('the axis ends above the greatest value', () => {
  expect(axisEnd([0, 50, 100, null])).toBeCloseTo(110);
  expect(axisEnd([])).toBe(1);
  expect(axisEnd([0, 0, null])).toBe(1);
});

test('a single spike does not press everything else flat', () => {
  const usual = Array.from({ length: 99 }, () => 100);
  expect(axisEnd([...usual, 20_000])).toBe(150);
  expect(axisEnd([...usual, 250])).toBeCloseTo(275);
});

test('what lasts is no spike', () => {
  const halves = [...Array.from({ length: 50 }, () => 10), ...Array.from({ length: 50 }, () => 1_000)];
  expect(axisEnd(halves)).toBeCloseTo(1_100);
});
