import { beforeEach, expect, test } from 'vitest';
import { language } from '../text/index.svelte';
import { sentence } from './format';

beforeEach(() => {
  language.choice = 'en';
});

test('a sentence begins with a capital, unless it begins with the name of a setting', () => {
  expect(sentence('all brokers answer')).toBe('All brokers answer');
  expect(sentence('exactly.once.source.support is on')).toBe('exactly.once.source.support is on');
  expect(sentence('min.insync.replicas is 2')).toBe('min.insync.replicas is 2');
  expect(sentence('give_up_after_minutes must be a number')).toBe('give_up_after_minutes must be a number');
  expect(sentence('it ends. then it begins')).toBe('It ends. then it begins');
});
