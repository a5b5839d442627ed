/** What a task's page tells of its life: since when it rests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await reaches('running');
  await here.host.call('task_pause', { task: demo.task_id });
  await reaches('paused');
});
const state = async () => (await here.host.call('task_show', { task: demo.task_id })).state;
const reaches = (wanted) => until(async () => (await state()) === wanted, `the task is ${wanted}`, 90_000);

test('a paused task says since when it stands at saved positions, and that its backlog grows', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const line = page.locator('.rest');
  await line.filter({ hasText: /^Paused since \d\d:\d\d \(\d+ (s|min)\), at saved positions; backlog [\d\u202f]+ offsets?/ }).waitFor();
  // The demo's writer goes on.
  await line.filter({ hasText: /and growing: [\d\u202f]+ more since then$/ }).waitFor({ timeout: 60_000 });
  const again = await here.open({ hash: `#/tasks/${demo.task_id}/overview`, language: 'zh' });
  await again.locator('.rest').filter({ hasText: /^自 \d\d:\d\d 起暂停（.+），位置已保存/ }).waitFor();
});
