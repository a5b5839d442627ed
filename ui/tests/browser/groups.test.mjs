import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, taskSettings, until } from './scene.mjs';

let demo;
let task;
const here = scene(async () => {
  demo = await here.demo();
  const settings = taskSettings('shop to archive', demo.source_id, demo.target_id, { objects: { topics: ['orders', 'payments'] }, rename: { map: {}, regex: [], prefix: 'shop.', suffix: '' } });
  task = (await here.host.call('task_create', { settings })).id;
  await here.host.call('task_check', { task });
  await here.host.call('task_start', { task, confirm: null });
  const isCopied = async () => (await here.host.call('task_groups', { task })).groups.every(({ partitions }) => partitions.every(({ result }) => result === 'exact'));
  await until(isCopied, 'the positions of the groups are copied');
});

const row = (page, group) => page.getByRole('row').filter({ hasText: group }).first();

test('a task shows its consumer groups, where each would continue, and what else it reads', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/groups` });
  await page.getByRole('link', { name: 'Groups', exact: true }).waitFor();
  await row(page, 'billing').getByText('Behind', { exact: true }).waitFor();
  await row(page, 'billing').getByText('10 exact').waitFor();
  await row(page, 'billing').getByRole('button', { name: 'Show' }).click();
  await page.getByRole('region', { name: 'Positions of billing' }).getByText('orders-5').waitFor();
});

test('a sync shows what it would commit before it commits, and the group stands on the target then', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/groups` });
  await row(page, 'billing').getByRole('button', { name: 'Sync…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sync billing' });
  await dialog.getByText('10 of 10 positions would be committed.').waitFor();
  await dialog.getByText('10 of 10 proved').waitFor();
  const before = await here.host.call('task_groups', { task });
  assert.ok(before.groups.find(({ group }) => group === 'billing').partitions.every(({ target_committed: committed }) => committed === null), 'a preview commits nothing');
  await dialog.getByRole('button', { name: 'Commit 10 positions' }).click();
  await dialog.getByText('10 of 10 positions were committed.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await row(page, 'billing').getByText('Synced', { exact: true }).waitFor();
});

test('groups are kept in step from the page, and a pattern that is none is refused beside the button', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/groups` });
  await page.getByRole('switch', { name: 'Keep groups in step' }).check();
  await page.getByLabel('Groups', { exact: true }).fill('(');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByText(/not a valid regular expression/).waitFor();
  await page.getByLabel('Groups', { exact: true }).fill('bill.*');
  await page.getByLabel('Seconds between two syncs').fill('1');
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  const kept = async () => (await here.host.call('task_groups', { task })).last_sync;
  await until(kept, 'the groups were synced while the task runs');
  assert.deepEqual((await here.host.call('task_show', { task })).settings.sync_groups, { groups: 'bill.*', interval_seconds: 1 });
});

test('the page of groups is Chinese in Chinese', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/groups`, language: 'zh' });
  await page.getByText('目标上的状态').waitFor();
  await page.getByText('持续同步消费组').waitFor();
});
