import { expect, test } from 'vitest';
import { groupMarks, type Mark } from './chart-marks';

const mark = (at: number, tone: Mark['tone'] = 'idle'): Mark => ({ id: at, at, tone, text: `at ${at}`, href: '#' });

test('marks stand where their moment is, those outside of the range nowhere', () => {
  const groups = groupMarks([mark(75), mark(50), mark(99.9), mark(100.1), mark(49)], 50, 100, 200, 10);
  expect(groups.map(({ x, marks }) => [Math.round(x), marks.length])).toEqual([
    [0, 1],
    [100, 1],
    [200, 1],
  ]);
});

test('marks that would lie over each other are one, as grave as the gravest of them', () => {
  const groups = groupMarks([mark(10), mark(11, 'bad'), mark(12, 'ok'), mark(60, 'ok')], 0, 100, 100, 10);
  expect(groups.map(({ marks, tone }) => [marks.map(({ at }) => at), tone])).toEqual([
    [[10, 11, 12], 'bad'],
    [[60], 'ok'],
  ]);
});

test('a range of nothing has no marks', () => {
  expect(groupMarks([mark(5)], 5, 5, 100, 10)).toEqual([]);
  expect(groupMarks([mark(5)], 0, 10, 0, 10)).toEqual([]);
});
