import { cleanup, fireEvent, render, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceBackend } from '../../backend';
import type { TaskVerifySchedule, TaskView } from '../../backend/bindings';
import { language } from '../../text/index.svelte';
import VerifySchedule from './VerifySchedule.svelte';

const sent: TaskVerifySchedule[] = [];

function view(version: number): TaskView {
  return {
    id: 'rp-1',
    allowed: ['tune'],
    settings_version: version,
    settings: { verification: { at: '02:00', day: null, everything: false, since_ms: 1 } },
  } as unknown as TaskView;
}

afterEach(cleanup);
beforeEach(() => {
  language.choice = 'en';
  sent.length = 0;
  replaceBackend({
    call: async (name, request) => {
      if (name !== 'task_verify_schedule') throw new Error(`unexpected ${name}`);
      sent.push(request as unknown as TaskVerifySchedule);
      return view(6) as never;
    },
    subscribe: () => () => {},
    desktop: null,
  });
});

test('a time that is typed stays while something else of the task is changed, and is kept', async () => {
  const page = render(VerifySchedule, { task: view(3), refresh: async () => {} });
  const at = page.getByLabelText('At') as HTMLInputElement;
  await fireEvent.input(at, { target: { value: '04:30' } });
  await page.rerender({ task: view(5) });
  expect([at.value, page.queryByText(/changed since/)]).toEqual(['04:30', null]);
  await fireEvent.click(page.getByRole('button', { name: 'Apply' }));
  await waitFor(() => expect(sent).toHaveLength(1));
  expect([sent[0]?.schedule?.at, sent[0]?.version]).toEqual(['04:30', 5]);
});
