import { cleanup, fireEvent, render, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceBackend } from '../../backend';
import type { AppError, TaskPolicies, TaskTune, TaskView } from '../../backend/bindings';
import { language } from '../../text/index.svelte';
import SettingsTab from './SettingsTab.svelte';
import { TaskWatch } from './task-watch.svelte';

const SUPERSEDED: AppError = { code: 'cancelled', message: 'superseded by a later command; look at the task', fields: [], retryable: false };
/** What the backend keeps. */
let kept: { version: number; records: number | null; name: string };
const tuned: TaskTune[] = [];
const named: TaskPolicies[] = [];
/** What a change waits for before it is answered. */
let held: Promise<void> | null = null;

function view(): TaskView {
  return {
    id: 'rp-1',
    name: 'n',
    state: 'running',
    source_name: 'from',
    target_name: 'to',
    allowed: ['tune'],
    settings_version: kept.version,
    muted_until_ms: null,
    created_ms: 1,
    started_ms: 1,
    ended_ms: null,
    at_ms: 1,
    settings: {
      name: kept.name,
      objects: { topics: ['orders'] },
      rename: { map: {}, regex: [], prefix: '', suffix: '' },
      start: 'earliest',
      start_overrides: {},
      end_overrides: {},
      existing: 'stop',
      delivery: 'exactly-once',
      out_of_range: 'stop',
      forbidden_topics: 'leave-out',
      missing_timestamps: 'copy-time',
      lane: 'record',
      bounded: false,
      tags: [],
      configuration_sync: { on: false, remove: false, with: [] },
      compression: 'auto',
      replication_factor: null,
      spec: 'xlarge',
      rate: { records_per_second: kept.records, bytes_per_second: null },
    },
  } as unknown as TaskView;
}

afterEach(cleanup);
beforeEach(() => {
  language.choice = 'en';
  kept = { version: 3, records: 100, name: 'n' };
  tuned.length = named.length = 0;
  held = null;
  replaceBackend({
    call: async (name, request) => {
      if (name === 'task_show') return view() as never;
      if (name === 'task_policies') {
        const policies = request as unknown as TaskPolicies;
        named.push(policies);
        if (policies.version !== kept.version) throw SUPERSEDED;
        kept = { ...kept, version: kept.version + 1, name: policies.name ?? kept.name };
        return view() as never;
      }
      if (name !== 'task_tune') throw new Error(`unexpected ${name}`);
      const tune = request as unknown as TaskTune;
      tuned.push(tune);
      if (tune.version !== kept.version) throw SUPERSEDED;
      kept = { ...kept, version: kept.version + 1, records: tune.rate?.records_per_second ?? null };
      const answer = view();
      await held;
      return answer as never;
    },
    subscribe: () => () => {},
    desktop: null,
  });
});

async function shown() {
  const task = new TaskWatch('rp-1');
  await task.refresh();
  const page = render(SettingsTab, { task });
  const records = page.getByLabelText('Records per second at most') as HTMLInputElement;
  const button = page.getByRole('button', { name: 'Apply' });
  const idle = () => waitFor(() => expect(button.getAttribute('aria-busy')).toBeNull());
  return { task, page, records, idle, apply: () => fireEvent.click(button) };
}

test('a change names the version of the settings that it is based on, and the next one that of the answer', async () => {
  const { page, records, idle, apply } = await shown();
  await fireEvent.input(records, { target: { value: '200' } });
  await apply();
  await idle();
  expect([tuned[0]?.version, kept, records.value]).toMatchObject([3, { version: 4, records: 200 }, '200']);
  await fireEvent.input(records, { target: { value: '300' } });
  await apply();
  await waitFor(() => expect(kept).toMatchObject({ version: 5, records: 300 }));
  expect(page.queryByRole('alert')).toBeNull();
});

test('fields that are not touched follow what another command has changed', async () => {
  const { task, page, records } = await shown();
  kept = { ...kept, version: 4, records: 50 };
  await task.refresh();
  await waitFor(() => expect(records.value).toBe('50'));
  expect(page.queryByText(/changed since/)).toBeNull();
});

test('a change that another command has overtaken is refused beside the button, and what was entered stays', async () => {
  const { task, page, records, apply } = await shown();
  await fireEvent.input(records, { target: { value: '200' } });
  kept = { ...kept, version: 4, records: 50 };
  await task.refresh();
  await page.findByText(/changed since/);
  expect(records.value).toBe('200');
  await apply();
  expect((await page.findByRole('alert')).textContent).toContain('Superseded by a later command');
  expect([kept, records.value]).toMatchObject([{ version: 4, records: 50 }, '200']);

  await fireEvent.click(page.getByRole('button', { name: 'Show the present ones' }));
  await waitFor(() => expect(records.value).toBe('50'));
  await fireEvent.input(records, { target: { value: '200' } });
  await apply();
  await waitFor(() => expect(kept).toMatchObject({ version: 5, records: 200 }));
});

test('a change of other fields, which the page has not heard of yet, refuses nothing and asks nothing', async () => {
  const { task, page } = await shown();
  const name = page.getByLabelText('Name') as HTMLInputElement;
  await fireEvent.input(name, { target: { value: 'renamed' } });
  kept = { ...kept, version: 4, records: 50 };
  await fireEvent.click(page.getByRole('button', { name: 'Apply the choices' }));
  await waitFor(() => expect(kept).toEqual({ version: 5, records: 50, name: 'renamed' }));
  expect(named.map(({ version }) => version)).toEqual([3, 4]);
  expect(page.queryByRole('alert')).toBeNull();

  await fireEvent.input(name, { target: { value: 'once more' } });
  kept = { ...kept, version: 6, records: 60 };
  await task.refresh();
  expect([name.value, page.queryByText(/changed since/)]).toEqual(['once more', null]);
});

test('what is typed while a change is sent stays', async () => {
  const { records, idle, apply } = await shown();
  let answer = (): void => {};
  held = new Promise((resolve) => (answer = resolve));
  await fireEvent.input(records, { target: { value: '200' } });
  await apply();
  await waitFor(() => expect(kept.records).toBe(200));
  await fireEvent.input(records, { target: { value: '2005' } });
  answer();
  await idle();
  expect(records.value).toBe('2005');
  await apply();
  await waitFor(() => expect(kept).toMatchObject({ version: 5, records: 2005 }));
});
