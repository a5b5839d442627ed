import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

/** A task comes to a state, and the demo's backlog is copied, within this. */
const LONG_MS = 90_000;
let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await until(async () => (await stage('full')).status === 'done', 'the backlog is copied', LONG_MS);
});

const show = () => here.host.call('task_show', { task: demo.task_id });
const stage = async (name) => (await show()).stages.find((one) => one.name === name);
const state = (wanted) => until(async () => (await show()).state === wanted, `the task is ${wanted}`, LONG_MS);
const row = async (topic, partition) => (await show()).partitions.find((one) => one.topic === topic && one.partition === partition);

/** Pauses the task, has the source delete the next records of a partition, and lets it go on. Returns where it would. */
async function makeGap(topic, partition, records) {
  if ((await show()).state !== 'paused') await here.host.call('task_pause', { task: demo.task_id });
  await state('paused');
  const at = (await row(topic, partition)).position + records;
  // The writer goes on meanwhile: there is more than what is deleted.
  const end = async () => (await here.host.call('source_topic', { source: demo.source_id, topic })).partitions.find((one) => one.partition === partition).end;
  await until(async () => (await end()) > at, 'the source has more than what is deleted', LONG_MS);
  await here.host.fault('delete_records', { topic, partition, before: at });
  return at;
}

/** Nothing on the page is said in the words of a terminal or as programs write ranges. */
async function saysPlainly(page) {
  const text = await page.locator('main').innerText();
  assert.doesNotMatch(text, /--[a-z]/);
  assert.doesNotMatch(text, /\[\d+, \d+\)/);
}

test('a gap is accepted where it is shown, also after a pause, and the copy goes on behind it', async () => {
  const at = await makeGap('orders', 2, 21);
  await here.host.call('task_resume', { task: demo.task_id });
  await state('abnormal');
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const accept = page.locator('.trouble').getByRole('button', { name: /^Accept the gap of up to 21 records and go on at/ });
  await accept.waitFor();
  await saysPlainly(page);

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await state('paused');
  await accept.waitFor();
  await accept.click();
  const dialog = page.getByRole('dialog', { name: 'Accept the gap?' });
  await dialog.getByRole('cell', { name: 'orders', exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Accept and go on' }).click();
  await dialog.waitFor({ state: 'detached' });
  await state('running');
  await until(async () => (await row('orders', 2)).position > at, 'the partition goes on');
  await page.locator('.trouble').first().getByText('1 gap').waitFor();
  const gaps = await here.host.call('task_gaps', { task: demo.task_id });
  assert.deepEqual(gaps.map(({ topic, partition, to }) => [topic, partition, to]), [['orders', 2, at]]);
  await page.getByRole('link', { name: 'Log' }).click();
  await page.getByRole('listitem').first().waitFor();
  await saysPlainly(page);
});

test('gaps of several topics are accepted one by one, by topic, or all together', async () => {
  for (const [topic, partition] of [['payments', 0], ['payments', 1], ['clicks', 3]]) await makeGap(topic, partition, 5);
  await here.host.call('task_resume', { task: demo.task_id });
  await until(async () => (await show()).partitions.filter(({ gap }) => gap !== null).length === 3, 'three have stopped', LONG_MS);
  await state('abnormal');
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/topics?troubled=1` });
  // One partition, in its row.
  const line = page.getByRole('row').filter({ hasText: 'Partition 3' });
  await line.getByRole('button', { name: 'Accept the gap' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Accept and go on' }).click();
  await until(async () => (await row('clicks', 3)).gap === null, 'that partition goes on', LONG_MS);
  assert.notEqual((await row('payments', 0)).gap, null, 'the others still wait');
  // All that are left.
  await page.locator('.trouble').getByRole('button', { name: 'Accept the 2 gaps of payments and go on' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Accept and go on' }).click();
  await state('running');
});

test('a topic that may not be read is left out where that is shown', async () => {
  await here.host.fault('deny', { topic: 'clicks' });
  await state('abnormal');
  // The list has it first, says why, and the rail counts it.
  const page = await here.open({ hash: '#/tasks' });
  const first = page.locator('[data-task]').first();
  await first.getByText(/clicks/).first().waitFor();
  assert.equal(await first.getAttribute('data-task'), demo.task_id);
  await page.getByRole('link', { name: 'One task needs attention' }).waitFor();
  await first.getByRole('link').click();
  await page.locator('.trouble').getByRole('button', { name: 'Leave clicks out' }).click();
  await page.getByRole('dialog', { name: 'Leave clicks out?' }).getByRole('button', { name: 'Leave it out' }).click();
  await state('running');
  assert.deepEqual((await show()).settings.objects, { topics: ['orders', 'payments'] });
  await page.getByRole('link', { name: 'Changes' }).click();
  await page.getByText(/^Removed clicks/i).waitFor();
});

test('all tasks that are shown are paused and resumed together', async () => {
  await here.host.call('task_copy', { task: demo.task_id, name: 'beside it' });
  const page = await here.open({ hash: '#/tasks' });
  const menu = page.getByRole('button', { name: 'Actions on all tasks shown' });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Pause all shown (1)' }).click();
  await state('paused');
  await page.getByRole('button', { name: /^Paused 1/ }).waitFor();
  await menu.click();
  await page.getByRole('menuitem', { name: 'Resume all shown (1)' }).click();
  await state('running');
});

test('the limit of a target topic is raised with consent, and the record is written', async () => {
  await here.host.fault('limit_target', { topic: 'orders', bytes: 100_000 });
  await here.host.fault('append', { topic: 'orders', partition: 0, bytes: 300_000 });
  await until(async () => (await show()).quarantined === 1, 'the record is in quarantine', LONG_MS);
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/topics` });
  await page.getByRole('link', { name: /^Gaps, quarantine \d+$/ }).click();
  // The record is seen before anything is decided about it.
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  const discarding = page.getByRole('dialog', { name: 'Discard this record?' });
  const buttons = discarding.getByRole('button', { name: 'Discard', exact: true });
  // It slides in when it is opened.
  await discarding.evaluate((dialog) => Promise.all(dialog.getAnimations({ subtree: true }).map((one) => one.finished)));
  const before = await buttons.boundingBox();
  await discarding.getByRole('region', { name: 'The record' }).locator('pre').first().waitFor();
  assert.deepEqual(await buttons.boundingBox(), before, 'the buttons stay while the record is read');
  await page.keyboard.press('Escape');
  await discarding.waitFor({ state: 'detached' });
  assert.equal((await show()).quarantined, 1, 'nothing was decided');
  await page.getByRole('button', { name: /^Raise the limit to 3\d\d kB$/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Let the target take larger records?' });
  await dialog.getByText(/max\.message\.bytes of the target topic of orders/).waitFor();
  await dialog.getByRole('region', { name: 'The record' }).locator('pre').first().waitFor();
  await dialog.getByRole('button', { name: 'Raise and replay' }).click();
  await dialog.waitFor({ state: 'detached' });
  await until(async () => (await show()).quarantined === 0, 'nothing is in quarantine', LONG_MS);
});

test('a target that is down is named with its brokers, since when, and the next try; a retry is seen', async () => {
  await here.host.fault('stop_target');
  await state('abnormal');
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const facts = page.locator('.trouble .facts').first();
  await until(async () => /Target “Demo target” at 127\.0\.0\.1:\d+/.test(await facts.innerText()), 'the brokers are named', LONG_MS);
  await until(async () => /since \d\d:\d\d:\d\d/.test(await facts.innerText()), 'since when');
  const brokers = demo.target.form.bootstrap.split(',')[0];
  assert.ok((await facts.innerText()).includes(brokers.trim()));
  await until(async () => /next try in|trying now|tried again all the time/.test(await facts.innerText()), 'the next try is named', LONG_MS);
  const held = page.getByText('held up');
  await held.waitFor();
  await here.host.fault('start_target');
  await page.getByRole('button', { name: 'Retry now' }).click();
  await state('running');
  await held.waitFor({ state: 'detached' });
});

test('what may be changed after the launch is changed, and the rest is refused', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/settings` });
  await page.getByLabel('Name', { exact: true }).fill('Another name');
  await page.getByLabel('Records gone at the source').selectOption({ label: 'Go on at the nearest record' });
  await page.getByRole('button', { name: 'Apply the choices' }).click();
  await page.getByRole('heading', { name: 'Another name' }).waitFor();
  await until(async () => (await show()).settings.out_of_range === 'nearest', 'it is kept');
  await state('running');
  await assert.rejects(here.host.call('task_policies', { task: demo.task_id, delivery: 'mirror' }), /mirror/);
});

test('stages and partitions say what is, paused and ended', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/topics` });
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await state('paused');
  await page.locator('.stages .paused').getByText('paused').waitFor();
  await page.getByRole('cell', { name: 'Paused' }).first().waitFor();
  assert.equal(await page.getByRole('cell', { name: 'Copying' }).count(), 0);
  await here.host.call('task_terminate', { task: demo.task_id });
  await page.locator('.stages .ended').getByText('ended').waitFor();
  await page.getByRole('cell', { name: 'Ended' }).first().waitFor();
});
