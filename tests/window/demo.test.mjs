/** What `make run` shows: the window with the demonstration, on its clusters inside of the program. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene } from './scene.mjs';
import { until } from './until.mjs';

const here = scene();
const { window } = here;

test('the demonstration opens at its pre-check, and is copied after two clicks', async () => {
  await here.open('--demo');
  await window.see(/^May start/, { patience: 90_000 });
  assert.match(await window.run('return location.hash'), /^#\/tasks\/new\?draft=rp-[a-z0-9]+&step=4$/);
  await window.picture('demo-pre-check');
  await window.click('button', 'Next');
  await window.click('button', 'Start replication');
  await window.see('Records per second');
  assert.match(await window.run('return location.hash'), /^#\/tasks\/rp-[a-z0-9]+/);
  const [{ id }] = (await window.call('task_list')).tasks;
  await until(async () => (await window.call('task_show', { task: id })).lag_records < 100, 'it is copied', 120_000);
  await window.see(/^0\.?\d* s$/, { patience: 60_000 });
  await window.picture('demo-copied');
});
