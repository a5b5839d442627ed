import { flushSync } from 'svelte';
import { beforeEach, expect, test } from 'vitest';
import { replaceBackend } from '../../backend';
import type { Backend } from '../../backend/backend';
import type { AppEvent } from '../../backend/bindings';
import { toSettings } from './choices';
import { Wizard } from './wizard.svelte';

const calls: [string, unknown][] = [];
let answers: Record<string, (request: never) => unknown> = {};
const listeners = new Set<(event: AppEvent) => void>();

beforeEach(() => {
  calls.length = 0;
  listeners.clear();
  sessionStorage.clear();
  answers = {
    topic_naming: ({ topics }: { topics: string[] }) => ({
      topics: topics.map((source) => ({ source, target: source, by_rules: source, problem: null })),
      include: null,
      exclude: null,
      rules: [],
    }),
    source_topics: () => [{ name: 'orders', partitions: 6, replicas: 1, records_estimate: 5, internal: false }],
    task_create: ({ settings }: { settings: unknown }) => ({ id: 'rp-1', name: 'n', settings, state: 'draft' }),
    task_edit: ({ settings }: { settings: unknown }) => ({ id: 'rp-1', name: 'n', settings, state: 'draft' }),
    task_check: () => ({ items: [{ id: 'versions', result: 'success', cause: '', effect: '', remedy: '', duration_ms: 1 }], may_start: true, at_ms: 1 }),
  };
  const backend: Backend = {
    call: async (name, request) => {
      calls.push([name, request]);
      const answer = answers[name];
      if (!answer) throw new Error(`unexpected ${name}`);
      return answer(request as never) as never;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    desktop: null,
  };
  replaceBackend(backend);
});

function filled(): Wizard {
  const wizard = new Wizard();
  Object.assign(wizard.choices, { name: 'n', source: 'ds-a', target: 'ds-b' });
  flushSync();
  return wizard;
}

const names = () => calls.map(([name]) => name).filter((name) => name !== 'topic_naming');

test('what is missing keeps the wizard where it is', async () => {
  const wizard = new Wizard();
  expect(await wizard.go(2)).toBe(false);
  expect([wizard.step, wizard.attempted]).toEqual([1, true]);
  expect(wizard.wrong[1]).toEqual(['nameEmpty', 'sourceEmpty', 'targetEmpty']);
  expect(names()).toEqual([]);
});

test('the draft is made once, and saved again only when something has changed', async () => {
  const wizard = filled();
  await wizard.go(2);
  await wizard.go(3);
  expect(names()).toEqual(['task_create']);
  wizard.choices.prefix = 'eu.';
  await wizard.go(2);
  expect(names()).toEqual(['task_create', 'task_edit']);
});

test('a saved change makes the pre-check void', async () => {
  const wizard = filled();
  await wizard.go(2);
  await wizard.runCheck();
  expect([wizard.check.report?.may_start, wizard.reachable]).toEqual([true, 5]);
  wizard.choices.existing = 'append';
  await wizard.go(3);
  expect([wizard.check.report, wizard.reachable]).toEqual([null, 4]);
});

test('a pair is made as one in the place of the draft, checked and started in both directions', async () => {
  const pairOf = (settings: object) => ({
    task: { id: 'rp-2', name: 'n', settings: { ...settings, both_ways: 'rp-3' }, state: 'draft' },
    other: { id: 'rp-3', name: 'n (other way)', settings, state: 'draft' },
  });
  Object.assign(answers, {
    task_create_pair: ({ settings }: { settings: object }) => pairOf(settings),
    task_delete: () => null,
    task_show: () => ({ id: 'rp-2', started_ms: null }),
    task_start: ({ task }: { task: string }) => ({ id: task, name: 'n', state: 'starting' }),
  });
  const wizard = filled();
  await wizard.go(2);
  Object.assign(wizard.choices, { bothWays: true, prefix: 'eu.' });
  flushSync();
  await wizard.go(3);
  expect(names()).toEqual(['task_create', 'task_create_pair', 'task_delete']);
  const [, made] = calls.find(([name]) => name === 'task_create_pair') as [string, { settings: Record<string, unknown> }];
  expect(made.settings).toMatchObject({ existing: 'append', rename: { prefix: '' }, end: null });
  expect(made.settings).not.toHaveProperty('both_ways');
  expect(wizard.settings.both_ways).toBe('rp-3');

  answers.task_check = ({ task }: { task: string }) => ({ items: [], may_start: task === 'rp-2', at_ms: 1 });
  await wizard.go(4);
  await wizard.runCheck();
  expect([wizard.check.report?.may_start, wizard.otherCheck.report?.may_start, wizard.mayStart]).toEqual([true, false, false]);
  answers.task_check = () => ({ items: [], may_start: true, at_ms: 1 });
  await wizard.runCheck();
  expect(wizard.mayStart).toBe(true);
  await wizard.start(null);
  expect(calls.filter(([name]) => name === 'task_start').map(([, request]) => (request as { task: string }).task)).toEqual(['rp-2', 'rp-3']);

  wizard.choices.bothWays = false;
  flushSync();
  await wizard.save();
  expect(names().slice(-3)).toEqual(['task_create', 'task_delete', 'task_delete']);
});

test('a refusal is kept beside the button, and the step does not change', async () => {
  const wizard = filled();
  const refusal = { code: 'task_limit', message: 'terminate some', fields: [], retryable: false };
  answers.task_create = () => {
    throw refusal;
  };
  expect(await wizard.go(2)).toBe(false);
  expect([wizard.step, wizard.saveError]).toEqual([1, refusal]);
});

test('items of the pre-check appear as they come', async () => {
  const wizard = filled();
  await wizard.save();
  let finish: (report: unknown) => void = () => {};
  answers.task_check = () => new Promise((done) => (finish = done));
  const running = wizard.runCheck();
  await Promise.resolve();
  await Promise.resolve();
  const item = { id: 'versions', result: 'warning', cause: 'old', effect: 'e', remedy: 'r', duration_ms: 1 };
  for (const listener of listeners) listener({ kind: 'pre_check_item', task_id: 'rp-1', item });
  expect([wizard.check.running, wizard.check.count('warning'), wizard.check.done]).toEqual([true, 1, 1]);
  finish({ items: [item], may_start: true, at_ms: 1 });
  await running;
  expect(wizard.check.items.map(({ id }) => id)).toEqual(['versions']);
});

test('what was entered survives a reload', async () => {
  const wizard = filled();
  await wizard.save();
  wizard.choices.suffix = '.copy';
  wizard.keep();
  answers.task_show = () => ({ id: 'rp-1', started_ms: null, settings: toSettings({ ...wizard.choices, suffix: '' }), state: 'draft', pre_check: null });
  const again = new Wizard();
  await again.open('rp-1', 3);
  expect([again.choices.suffix, again.step]).toEqual(['.copy', 3]);
});

test('a pattern that the backend refuses keeps the wizard where it is, and goes on once it is mended', async () => {
  const wizard = filled();
  await wizard.go(2);
  answers.topic_naming = ({ objects }: { objects: { matching: { include: string } } }) => ({
    topics: [],
    include: objects.matching.include.startsWith('(?=') ? 'look-around is not supported' : null,
    exclude: null,
    rules: [],
  });
  Object.assign(wizard.choices, { objects: 'pattern', include: '(?=o)orders' });
  expect(await wizard.go(3)).toBe(false);
  expect(wizard.wrong[2]).toEqual(['include']);
  wizard.choices.include = '(?i)orders';
  expect(await wizard.go(3)).toBe(true);
});
