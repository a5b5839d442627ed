import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

/** So long after an action nothing under the pointer may move. */
const STILL_MS = 500;
let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await until(async () => (await here.host.call('task_show', { task: demo.task_id })).partitions.length === 18, 'the task copies', 60_000);
});

const table = (page) => page.getByRole('table', { name: 'Topics' });
const topicRow = (page, name) => table(page).getByRole('row').filter({ has: page.getByRole('button', { name, exact: true }) });
const order = (page) => table(page).locator('.topic .open').allInnerTexts();

test('topics come with their sums, and their partitions when they are opened', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/topics` });
  await topicRow(page, 'orders').waitFor();
  assert.deepEqual(await order(page), ['clicks', 'orders', 'payments']);
  const { partitions } = await here.host.call('task_show', { task: demo.task_id });
  const own = partitions.filter(({ topic }) => topic === 'orders');
  const cells = await topicRow(page, 'orders').getByRole('cell').allInnerTexts();
  assert.equal(cells[1], own[0].target_topic);
  assert.equal(cells[2], String(own.length));
  const open = topicRow(page, 'orders').getByRole('button', { name: 'orders' });
  const box = await open.boundingBox();
  await open.click();
  await table(page).getByRole('cell', { name: `Partition ${own.length - 1}`, exact: true }).waitFor();
  await page.waitForTimeout(STILL_MS);
  assert.deepEqual(await open.boundingBox(), box, 'the topic stays under the pointer');
  assert.equal(await table(page).locator('.partition').count(), own.length);
  await open.press('Enter');
  await table(page).locator('.partition').first().waitFor({ state: 'detached' });
});

test('topics are sorted by a column, and the table says by which', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/topics` });
  await topicRow(page, 'orders').waitFor();
  const head = table(page).getByRole('columnheader', { name: 'Partitions' });
  await head.getByRole('button').click();
  const { partitions } = await here.host.call('task_show', { task: demo.task_id });
  const count = (name) => partitions.filter(({ topic }) => topic === name).length;
  const most = ['clicks', 'orders', 'payments'].sort((a, b) => count(b) - count(a));
  await until(async () => (await order(page)).join() === most.join(), 'the topic with the most partitions is first');
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
  await head.getByRole('button').click();
  await until(async () => (await order(page)).join() === most.toReversed().join(), 'the other way round');
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
});

test('a cell of the strip says which partition it is, and leads to it', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const strip = page.locator('.strip');
  await strip.waitFor();
  const box = await strip.boundingBox();
  const { partitions } = await here.host.call('task_show', { task: demo.task_id });
  const at = 13;
  const { topic, partition } = partitions[at];
  await page.mouse.move(box.x + (box.width * (at + 0.5)) / partitions.length, box.y + box.height / 2);
  await until(async () => (await strip.getAttribute('title')).startsWith(`${topic} · Partition ${partition}: `), 'the cell is named');
  await page.mouse.down();
  await page.mouse.up();
  await table(page).locator('.marked').getByRole('cell', { name: `Partition ${partition}`, exact: true }).waitFor();
});

test('the page of a task never asks for every partition', async () => {
  const page = await here.open({ hash: '#/tasks' });
  const asked = [];
  page.on('request', (request) => {
    if (request.url().includes('task_show')) asked.push(request.postData());
  });
  await page.goto(page.url().replace(/#.*/, `#/tasks/${demo.task_id}/topics`));
  await topicRow(page, 'orders').waitFor();
  assert.ok(asked.length > 0, 'the task is asked for');
  assert.deepEqual(asked.filter((body) => !body.includes('"brief":true')), []);
});
