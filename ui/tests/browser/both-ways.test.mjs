import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALL_TASKS, scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
});

const next = async (page, name = 'Next') => {
  await page.getByRole('button', { name, exact: true }).click();
  await page.locator('main footer [aria-busy=true]').waitFor({ state: 'detached' });
};

/** Pictures, where somebody wants to look at them. */
async function picture(page, name) {
  const { PAIR_PICTURES: folder } = process.env;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

test('a pair is made in the wizard, checked in both directions, started, and each task leads to the other', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await page.getByLabel('Task name').fill('shop');
  await page.getByLabel('Source', { exact: true }).selectOption({ label: 'Demo source (Demo)' });
  await page.getByLabel('Target', { exact: true }).selectOption({ label: 'Demo target (Demo)' });
  await page.getByText(/Answers: 3 topics/).first().waitFor();
  await page.getByRole('radio', { name: /Bidirectional/ }).check();
  await picture(page, '1-source');
  await next(page);
  await page.getByRole('radio', { name: /All topics/ }).waitFor();
  assert.equal(await page.getByRole('radio', { name: /Consumer group/ }).count(), 0, 'a group is of one side');
  await next(page);
  await page.getByText('Topics have the same names on both sides.').waitFor();
  await picture(page, '3-mapping');
  await next(page, 'Save and check');
  await page.getByRole('heading', { name: 'Pre-check: Demo source to Demo target' }).waitFor();
  await page.getByRole('heading', { name: 'Pre-check: Demo target to Demo source' }).waitFor();
  await until(() => page.getByRole('button', { name: 'Next', exact: true }).isEnabled(), 'both checks let the pair start');
  await picture(page, '4-check');
  await next(page);
  await page.getByText('Demo source ⇄ Demo target').first().waitFor();
  await picture(page, '5-launch');
  await page.getByRole('button', { name: 'Start replication' }).click();
  await page.getByText('Bidirectional: the other way is copied by').waitFor();
  await picture(page, '6-task');
  assert.equal(await page.getByRole('link', { name: 'Readiness' }).count(), 0, 'there is nothing to move');
  assert.equal(await page.getByRole('link', { name: 'Groups', exact: true }).count(), 1, 'groups are moved by either task');
  await page.getByRole('link', { name: 'shop (other way)' }).click();
  await page.getByRole('heading', { name: 'shop (other way)' }).waitFor();
  await page.getByRole('link', { name: 'shop', exact: true }).waitFor();

  const { tasks } = await here.host.call('task_list', ALL_TASKS);
  assert.deepEqual(tasks.filter(({ partner }) => partner).map(({ name, partner }) => [name, partner.name]).toSorted(), [
    ['shop (other way)', 'shop'],
    ['shop', 'shop (other way)'],
  ]);
  const state = async (task) => (await here.host.call('task_show', { task, brief: true })).state;
  await until(async () => (await state('shop')) === 'running' && (await state('shop (other way)')) === 'running', 'both run');
});

test('the pages of a pair are Chinese in Chinese, and dark in the dark', async () => {
  const page = await here.open({ hash: '#/tasks', language: 'zh', theme: 'dark' });
  await page.getByText('Demo source ⇄ Demo target').first().waitFor();
  await picture(page, '7-list-zh-dark');
  await page.getByRole('link', { name: 'shop', exact: true }).first().click();
  await page.getByText('双向：反方向由此任务复制').waitFor();
  await picture(page, '8-task-zh-dark');
});
