import { afterEach, expect, test } from 'vitest';
import { language } from '../text/index.svelte';
import { moment } from './time.svelte';

afterEach(() => {
  language.choice = 'system';
});

test('a time of another year is told with its year, one of this year without', () => {
  language.choice = 'en';
  expect(moment(new Date(1999, 11, 31, 23, 59, 58).getTime())).toContain('1999');
  const year = new Date().getFullYear();
  expect(moment(new Date(year, 0, 2, 3, 4, 5).getTime())).not.toContain(String(year));
});
