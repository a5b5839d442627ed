import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let task;
const here = scene(async () => {
  ({ task_id: task } = await here.demo());
  await here.host.call('task_check', { task });
  await here.host.call('task_start', { task, confirm: null });
  const isCopied = async () => {
    const { equal, partitions } = await here.host.call('task_verify', { task });
    return equal && partitions.every(({ source_records: records }) => records > 0);
  };
  await until(isCopied, 'something of each partition is copied', 60_000);
});

const verdict = (page) => page.locator('.verdict');

test('a part of a task is verified: one topic, or what comes from a time on', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/verify` });
  await page.getByRole('button', { name: 'Verify a part…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Verify a part of the task' });
  const begin = dialog.getByRole('button', { name: 'Verify this part' });
  assert.ok(await begin.isDisabled(), 'nothing is chosen yet');
  await dialog.getByLabel('payments').check();
  await begin.click();
  await verdict(page).getByText('Of topic payments only:').waitFor({ timeout: 60_000 });
  const { report } = await here.host.call('task_verification', { task });
  assert.deepEqual([...new Set(report.partitions.map(({ topic }) => topic))], ['payments']);
  assert.equal(report.result, 'equal', report.sentence);
  assert.ok(report.partitions.every(({ equal_records: equal, source_records: all }) => equal === all && all > 0), JSON.stringify(report.partitions));

  await page.getByRole('button', { name: 'Verify a part…' }).click();
  await dialog.getByLabel('From').fill('yesterday');
  await dialog.getByLabel('From').press('Enter');
  await page.getByRole('alert').getByText(/yesterday/).waitFor();
});
