import { cleanup, fireEvent, render, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { language } from '../../text/index.svelte';
import TextSetting from './TextSetting.svelte';

beforeEach(() => {
  language.choice = 'en';
});
afterEach(cleanup);

const WRONG = { code: 'invalid_input', message: 'one field is wrong', fields: [{ field: 'value', message: 'write HOST:PORT' }], retryable: false };

test('a text is kept when the field is left, without blanks, and what is wrong with it stays in the field', async () => {
  const saved: string[] = [];
  let refuse = false;
  const page = render(TextSetting, {
    label: 'Address',
    hint: '',
    placeholder: '',
    value: '',
    save: async (value: string) => {
      if (refuse) throw WRONG;
      saved.push(value);
    },
  });
  const field = page.getByLabelText('Address') as HTMLInputElement;
  await fireEvent.input(field, { target: { value: ' 9464 ' } });
  await fireEvent.blur(field);
  await waitFor(() => expect(saved).toEqual(['9464']));
  refuse = true;
  await fireEvent.input(field, { target: { value: 'nowhere' } });
  await fireEvent.blur(field);
  await waitFor(() => page.getByText(/HOST:PORT/));
  expect(field.value).toBe('nowhere');
});
