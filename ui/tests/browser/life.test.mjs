/** What a task's page tells of its life: since when it rests, the marks of its charts, its log, and the activity about it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const begin = Date.now();
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
const marks = () => here.host.call('task_marks', { task: demo.task_id, from_ms: begin, to_ms: null });

test('a paused task says since when it stands at saved positions, and that its backlog grows', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const line = page.locator('.rest');
  await line.filter({ hasText: /^Paused since \d\d:\d\d \(\d+ (s|min)\), at saved positions; backlog [\d\u202f]+ offsets?/ }).waitFor();
  // The demo's writer goes on.
  await line.filter({ hasText: /and growing: [\d\u202f]+ more since then$/ }).waitFor({ timeout: 60_000 });
  const again = await here.open({ hash: `#/tasks/${demo.task_id}/overview`, language: 'zh' });
  await again.locator('.rest').filter({ hasText: /^自 \d\d:\d\d 起暂停（.+），位置已保存/ }).waitFor();
});

test('a mark of a chart tells what happened under the pointer and by keyboard, and leads to its line in the log', async () => {
  await here.host.call('task_resume', { task: demo.task_id });
  await reaches('running');
  await until(async () => (await here.host.call('task_metrics', { task: demo.task_id, from_ms: begin, to_ms: null, max_points: 240 })).points.length > 1, 'two moments are kept', 60_000);
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  await page.locator('.plot canvas').nth(2).waitFor({ timeout: 30_000 });
  const lists = page.locator('main').getByRole('list', { name: /: events$/ });
  await until(async () => (await lists.count()) >= 3, 'several charts have marks');
  const all = lists.first().locator('a');
  await until(async () => (await all.count()) > 0, 'the first chart has marks');
  assert.equal(await lists.first().locator('a[tabindex="0"]').count(), 1, 'one stop for Tab');

  const said = await all.last().getAttribute('aria-label');
  assert.match(said, /\d\d:\d\d:\d\d · The task is resumed/);
  await all.last().hover();
  const text = lists.first().locator('.text');
  await text.filter({ hasText: 'The task is resumed' }).waitFor();
  await page.mouse.move(0, 0);
  await text.waitFor({ state: 'detached' });
  await all.first().focus();
  await page.keyboard.press('End');
  await text.filter({ hasText: 'The task is resumed' }).waitFor();
  await page.keyboard.press('Enter');

  const resumed = (await marks()).findLast(({ event }) => event === 'resumed');
  await page.waitForURL(`**#/tasks/${demo.task_id}/log?line=${resumed.line}`);
  const open = page.getByRole('region', { name: 'The line at length' });
  await open.filter({ hasText: 'The task is resumed' }).waitFor();
  assert.match(await open.innerText(), /Event\s*Resumed/);
  assert.equal(await page.locator('[aria-expanded=true]').innerText().then((row) => row.includes('the task is resumed')), true);
});

test('lines of the log open with everything they have, and close again', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/log` });
  const paused = page.getByRole('button', { name: /the task is paused/ });
  await paused.first().click();
  const open = page.getByRole('region', { name: 'The line at length' });
  await open.filter({ hasText: 'The task is paused' }).waitFor();
  const year = String(new Date().getFullYear());
  assert.ok((await open.innerText()).includes(year), 'the whole date');
  await page.keyboard.press('Escape');
  await open.waitFor({ state: 'detached' });
  assert.match(page.url(), /\/log$/, 'Escape closes the line, and leaves no page');
});

test('activity leads to what it is about, shows no empty sides, and is narrowed to dates', async () => {
  const page = await here.open({ hash: '#/activity' });
  const rows = page.locator('main li');
  const added = rows.filter({ hasText: 'Add data source' }).first();
  await added.locator('summary .action').click();
  const heads = added.getByRole('columnheader');
  await heads.first().waitFor();
  assert.deepEqual(await heads.allInnerTexts(), ['Setting', 'Value']);
  assert.equal(await page.getByText('not set').count(), 0);

  await page.getByLabel('Time').selectOption('range');
  await page.getByLabel('To', { exact: true }).fill('2020-01-01');
  await page.getByText('No entry matches these filters.').waitFor();
  await page.getByLabel('To', { exact: true }).fill('yesterday morning');
  await page.getByText('Write a date').waitFor();
  await page.getByLabel('To', { exact: true }).fill('');
  await page.getByLabel('From', { exact: true }).fill('2020-01-01');
  const resume = rows.filter({ hasText: 'Resume' }).first();
  await resume.getByRole('link', { name: /^Open / }).click();
  await page.waitForURL(`**#/tasks/${demo.task_id}/overview`);
});
