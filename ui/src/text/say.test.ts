import { render } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import ErrorNote from '../components/ErrorNote.svelte';
import Field from '../components/Field.svelte';
import { createRawSnippet } from 'svelte';
import { language } from './index.svelte';
import { say } from './say';

const error = {
  code: 'invalid_input' as const,
  message: 'give at least one broker as host:port; zzz',
  fields: [{ field: 'bootstrap', message: 'give at least one broker as host:port' }],
  retryable: false,
};
afterEach(() => {
  language.choice = 'system';
});

test('an error and its fields are shown in the language of the page', () => {
  language.choice = 'zh';
  const chinese = render(ErrorNote, { error });
  expect(chinese.getByRole('alert').textContent).toContain('请至少填写一个 broker，格式为 host:port；zzz');
  expect(chinese.getByRole('listitem').textContent).toBe('bootstrap 请至少填写一个 broker，格式为 host:port');
  chinese.unmount();
  language.choice = 'en';
  const english = render(ErrorNote, { error });
  expect(english.getByRole('alert').textContent).toContain('Give at least one broker as host:port; zzz');
  expect(english.getByRole('listitem').textContent).toBe('bootstrap give at least one broker as host:port');
});

test('what is wrong with a field is shown in the language of the page', () => {
  language.choice = 'zh';
  const children = createRawSnippet(() => ({ render: () => '<input>' }));
  const field = render(Field, { label: '名称', error: 'the name must have 1 to 64 characters, this one has 0', children });
  expect(field.container.querySelector('.error')?.textContent).toBe('名称须为 1 至 64 个字符，现为 0 个');
});

test('in English nothing is touched', () => {
  language.choice = 'en';
  expect(say('3 brokers answer')).toBe('3 brokers answer');
});
