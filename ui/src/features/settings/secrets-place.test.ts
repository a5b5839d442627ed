import { cleanup, fireEvent, render, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { replaceBackend } from '../../backend';
import type { AppError } from '../../backend/bindings';
import { language } from '../../text/index.svelte';
import SecretsPlace from './SecretsPlace.svelte';

const LOCKED: AppError = { code: 'secrets', message: 'the keychain of this system cannot be used: it is locked', fields: [], retryable: true };
const calls: [string, unknown][] = [];
/** Whether the place can be used; with `wait` only after its owner was waited for. */
let usable: 'yes' | 'no' | 'wait';

afterEach(cleanup);
beforeEach(() => {
  language.choice = 'en';
  calls.length = 0;
  replaceBackend({
    call: async (name, request) => {
      calls.push([name, request]);
      if (name === 'secrets_leave_keychain') {
        usable = 'yes';
        return 'file' as never;
      }
      if (usable === 'wait' && (request as { wait_for_owner: boolean }).wait_for_owner) usable = 'yes';
      if (usable !== 'yes') throw LOCKED;
      return 'keychain' as never;
    },
    subscribe: () => () => {},
    desktop: null,
  });
});

function shown(level: 'keychain' | 'file' = 'keychain') {
  const onleft = vi.fn(() => Promise.resolve());
  return { onleft, ...render(SecretsPlace, { level, onleft }) };
}

test('a place that can be used offers nothing to do', async () => {
  usable = 'yes';
  const page = shown();
  await waitFor(() => expect(calls).toEqual([['secrets_check', { wait_for_owner: false }]]));
  expect(page.container.textContent).toContain('In the keychain of this computer');
  expect(page.queryByRole('alert')).toBeNull();
});

test('a locked keychain says so, is tried again, and is unlocked while its owner is waited for', async () => {
  usable = 'wait';
  const page = shown();
  expect((await page.findByRole('alert')).textContent).toContain('it is locked');
  await fireEvent.click(page.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(calls).toHaveLength(2));
  expect(page.getByRole('alert').textContent).toContain('it is locked');
  await fireEvent.click(page.getByRole('button', { name: /Unlock/ }));
  await waitFor(() => expect(page.queryByRole('alert')).toBeNull());
  expect(calls.at(-1)).toEqual(['secrets_check', { wait_for_owner: true }]);
});

test('the keychain is left only after a dialog that says what is lost', async () => {
  usable = 'no';
  const page = shown();
  await fireEvent.click(await page.findByRole('button', { name: 'Enter the secrets again…' }));
  expect(calls.map(([name]) => name)).not.toContain('secrets_leave_keychain');
  const dialog = page.container.querySelector('dialog');
  expect(dialog?.textContent).toContain('every password, key and token');
  expect(dialog?.textContent).toContain('Enter each one again');
  await fireEvent.click(page.getByText('Leave the keychain', { selector: 'dialog button *' }));
  await waitFor(() => expect(page.onleft).toHaveBeenCalledOnce());
  expect(calls.map(([name]) => name)).toContain('secrets_leave_keychain');
  await waitFor(() => expect(page.queryByRole('alert')).toBeNull());
});

test('a file that cannot be read is tried again, and there is no keychain to leave', async () => {
  usable = 'no';
  const page = shown('file');
  await page.findByRole('alert');
  expect(page.queryByRole('button', { name: /secrets again/ })).toBeNull();
  expect(page.getByRole('button', { name: 'Try again' })).toBeTruthy();
});
