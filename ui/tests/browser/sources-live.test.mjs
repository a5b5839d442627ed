import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
});

const append = (topic, partition, bytes = 30_000) => here.host.fault('append', { topic, partition, bytes });
const newest = async (topic, partition) =>
  (await here.host.call('source_peek', { source: demo.source_id, topic, partition, from: 'latest', limit: 1 }))[0].offset;
const records = async (topic, partition) => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}/topics?topic=${topic}` });
  await page.locator('button[data-offset]').first().waitFor();
  await page.getByLabel('Partition').selectOption(String(partition));
  await page.locator('button[data-offset]').first().waitFor();
  return page;
};
const large = (page) => page.locator('button[data-offset]').filter({ hasText: 'large' });
const offsets = (page) => page.locator('button[data-offset]').evaluateAll((rows) => rows.map((row) => Number(row.dataset.offset)));

test('following shows new records as they come, the newest first, and can be paused and ended by keyboard', async () => {
  const page = await records('payments', 2);
  const follow = page.getByRole('switch', { name: 'Follow' });
  await follow.focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.locator('button[data-offset]').first().waitFor();
  const before = await newest('payments', 2);
  await append('payments', 2);
  await large(page).first().waitFor();
  const shown = await offsets(page);
  assert.deepEqual(shown, shown.toSorted((a, b) => b - a), 'the newest first');
  assert.equal(new Set(shown).size, shown.length, 'no record twice');
  assert.ok(Number(await large(page).first().getAttribute('data-offset')) > before);

  await page.getByRole('button', { name: 'Pause' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('Paused; nothing is read.').waitFor();
  await append('payments', 2);
  await page.getByRole('button', { name: 'Go on' }).click();
  await until(async () => (await large(page).count()) === 2, 'what came during the pause');
  await page.getByLabel('Partition').selectOption('0');
  await until(async () => (await large(page).count()) === 0 && (await offsets(page)).length > 0, 'another partition leaves no old rows');
  await follow.click();
  await page.getByRole('button', { name: 'Pause' }).waitFor({ state: 'detached' });
  assert.equal(await page.getByLabel('From').isEnabled(), true);
});

test('while the pointer is over the records, new ones are counted and come when they are asked for', async () => {
  const page = await records('payments', 3);
  await page.getByRole('switch', { name: 'Follow' }).click();
  await page.locator('button[data-offset]').nth(3).hover();
  const before = await offsets(page);
  const place = await page.locator('button[data-offset]').nth(3).boundingBox();
  await append('payments', 3);
  const newer = page.getByRole('button', { name: /newer, show/ });
  await newer.waitFor();
  const row = page.locator(`button[data-offset="${before[3]}"]`);
  assert.deepEqual(await row.boundingBox(), place, 'nothing moves under the pointer');
  assert.equal(await large(page).count(), 0);
  await until(async () => {
    await newer.click();
    return (await large(page).count()) === 1;
  }, 'the new record is shown');
});

test('only new records with the text are shown while it is followed', async () => {
  const page = await records('payments', 1);
  await page.getByLabel('Contains').fill('large');
  await page.getByRole('switch', { name: 'Follow' }).click();
  await page.getByText('No new record with this text yet').waitFor();
  await append('payments', 1);
  await large(page).first().waitFor();
  assert.equal((await offsets(page)).length, 1);
});

test('each topic has its size, known after the list, and topics are sorted by it', async () => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}/topics` });
  const { topics, unknown } = await here.host.call('source_sizes', { source: demo.source_id });
  assert.equal(unknown, null);
  assert.ok(topics.every(({ bytes }) => bytes > 0), JSON.stringify(topics));
  await page.getByRole('option').first().getByText(/\d (k|M)?B$/).waitFor();
  await page.getByRole('button', { name: 'Size' }).click();
  const largest = topics.toSorted((a, b) => b.bytes - a.bytes)[0].topic;
  await page.getByRole('option').first().getByText(largest, { exact: true }).waitFor();
});

test('consumer groups have their lag, and the chosen one its offset and lag in each partition', async () => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}/groups` });
  const table = page.getByRole('table', { name: 'Consumer groups' });
  await table.getByRole('row').filter({ hasText: 'billing' }).getByRole('cell').nth(3).getByText(/\d/).waitFor();
  await table.getByRole('button', { name: 'billing' }).focus();
  await page.keyboard.press('Enter');
  const positions = page.getByRole('table', { name: 'Positions of billing' });
  await positions.getByRole('row').nth(10).waitFor();
  const told = await here.host.call('source_group', { source: demo.source_id, group: 'billing' });
  assert.equal(told.length, 10);
  assert.ok(told.every(({ offset, end, lag, problem }) => lag === Math.max(0, end - offset) && problem === null), JSON.stringify(told));
  const first = await positions.getByRole('row').nth(1).getByRole('cell').allTextContents();
  assert.match(first[0], new RegExp(told[0].topic));
  assert.equal(Number(first[2].replaceAll(/\D/g, '')), told[0].offset);
});

test('a failure while following is said beside it, and the records stay', async () => {
  const page = await records('clicks', 0);
  await page.getByRole('switch', { name: 'Follow' }).click();
  await page.locator('button[data-offset]').first().waitFor();
  await here.host.fault('deny', { topic: 'clicks' });
  await page.getByRole('alert').filter({ hasText: /Trying again/ }).waitFor();
  assert.ok((await offsets(page)).length > 0);
});
