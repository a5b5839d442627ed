import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceBackend } from '../../backend';
import type { AclRule, ParityApply, ParityChange, ParityView } from '../../backend/bindings';
import { language } from '../../text/index.svelte';
import ChangesDialog from './ChangesDialog.svelte';
import { request } from './request';

const rule: AclRule = {
  resource: 'TOPIC',
  pattern: 'LITERAL',
  name: 'orders',
  principal: 'User:mallory',
  host: '*',
  operation: 'WRITE',
  permission: 'ALLOW',
};
const set: ParityChange = { kind: 'set_value', topic: 'orders', key: 'retention.ms', value: '5', was: '6' };
const taken: ParityChange = { kind: 'remove_acl', rule };
const asked: ParityApply[] = [];
let compared = 0;

function view(): ParityView {
  return {
    source_name: 'old',
    target_name: 'new',
    at_ms: 1,
    result: 'different',
    source_cluster_id: null,
    target_cluster_id: null,
    topics: [],
    acls: null,
    quotas: null,
    groups: null,
    unknown: [],
    changes: [set, taken],
  };
}

afterEach(cleanup);
beforeEach(() => {
  language.choice = 'en';
  asked.length = 0;
  compared = 0;
  replaceBackend({
    call: async (name, wanted) => {
      if (name !== 'parity_apply') throw new Error(`unexpected ${name}`);
      asked.push(wanted as unknown as ParityApply);
      return (wanted as unknown as ParityApply).changes.map((change) => ({ change, error: change.kind === 'set_value' ? 'the topic is gone' : null })) as never;
    },
    subscribe: () => () => undefined,
    desktop: null,
  });
  render(ChangesDialog, { open: true, view: view(), compared: request('a', 'b', null, {}), onapplied: () => (compared += 1) });
});

test('what is added is chosen, what is taken away is not, and only what is chosen is asked for', async () => {
  const button = await screen.findByRole('button', { name: 'Make 1 change' });
  expect((screen.getByRole('checkbox', { name: 'Set retention.ms orders' }) as HTMLInputElement).checked).toBe(true);
  expect((screen.getByRole('button', { name: 'Take 0 away' }) as HTMLButtonElement).disabled).toBe(true);
  await fireEvent.click(button);
  await waitFor(() => expect(asked.map(({ changes, remove }) => ({ changes, remove }))).toEqual([{ changes: [set], remove: false }]));
  await screen.findByText(/the topic is gone/);
  expect(compared).toBe(1);
});

test('something is taken away only after the name of the target was typed', async () => {
  await fireEvent.click(await screen.findByRole('checkbox', { name: /^Remove rule ALLOW User:mallory WRITE TOPIC orders/ }));
  await fireEvent.click(screen.getByRole('button', { name: 'Take 1 away' }));
  const dialog = (await screen.findByText('Take 1 away from new?')).closest('dialog');
  expect(dialog).not.toBeNull();
  const confirm = within(dialog!).getByRole('button', { name: 'Take 1 away' }) as HTMLButtonElement;
  expect(confirm.disabled).toBe(true);
  await fireEvent.input(within(dialog!).getByLabelText('Type new to confirm'), { target: { value: 'new' } });
  await waitFor(() => expect(confirm.disabled).toBe(false));
  await fireEvent.click(confirm);
  await waitFor(() => expect(asked.map(({ changes, remove }) => ({ changes, remove }))).toEqual([{ changes: [taken], remove: true }]));
});
