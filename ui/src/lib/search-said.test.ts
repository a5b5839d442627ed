import { afterEach, beforeEach, expect, test } from 'vitest';
import { language } from '../text/index.svelte';
import { isSaidHere, saysText, searchPages } from './search-said';

beforeEach(() => (language.choice = 'zh'));
afterEach(() => (language.choice = 'system'));

test('a line is found by its Chinese and by its English', () => {
  const line = 'everything that was asked for is copied';
  expect(saysText('全部复制', [line])).toBe(true);
  expect(saysText(' Asked for ', [line])).toBe(true);
  expect(saysText('失败', [line, null])).toBe(false);
});

test('only Chinese words on a Chinese page are looked for here', () => {
  expect(isSaidHere('重试')).toBe(true);
  expect(isSaidHere('orders-0')).toBe(false);
  language.choice = 'en';
  expect(isSaidHere('重试')).toBe(false);
});

test('pages are read until there is enough, and the search goes on behind them', async () => {
  const all = Array.from({ length: 25 }, (_, index) => ({ id: 25 - index }));
  const asked: (number | null)[] = [];
  const ask = async (before: number | null): Promise<{ id: number }[]> => {
    asked.push(before);
    return all.filter(({ id }) => before === null || id < before).slice(0, 10);
  };
  const even = ({ id }: { id: number }): boolean => id % 2 === 0;
  const first = await searchPages(ask, even, null, 10);
  expect(first.rows.map(({ id }) => id)).toEqual([24, 22, 20, 18, 16, 14, 12, 10, 8, 6]);
  expect(asked).toEqual([null, 16]);
  const rest = await searchPages(ask, even, first.before, 10);
  expect(rest).toEqual({ rows: [{ id: 4 }, { id: 2 }], before: null });
});

test('a search that finds nothing in many pages stops, and can be continued', async () => {
  let next = 1000;
  const found = await searchPages(async () => [{ id: (next -= 1) }], () => false, null, 1);
  expect(found).toEqual({ rows: [], before: 980 });
});
