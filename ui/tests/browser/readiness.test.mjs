import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await until(
    async () => (await here.host.call('task_show', { task: demo.task_id })).stages.every(({ status }) => status !== 'waiting'),
    'the demo copies what arrives',
    60_000,
  );
});
const question = (page, name) => page.locator('.items > li').filter({ hasText: name });

test('the answers arrive one by one, name what speaks against a switch, and can be asked again one by one', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/readiness` });
  await page.getByRole('button', { name: 'Ask now' }).click();
  await page.getByText(/Asking: \d+ of 19 answered/).waitFor();
  // The demo's writer never rests.
  await page.getByText(/Not ready: \d+ failed, \d+ unknown\./).waitFor({ timeout: 60_000 });
  const silence = question(page, 'The source is silent');
  await silence.getByText('Failed', { exact: true }).waitFor();
  await silence.getByText('What to do:').waitFor();
  await silence.getByText('Applications must not move because of this.').waitFor();
  assert.ok((await silence.getByRole('list', { name: 'What this rests on' }).getByRole('listitem').count()) > 0, 'partitions that grow are named');
  await silence.getByText('at the switch').waitFor();
  await question(page, 'Quarantine is empty').getByText('OK', { exact: true }).waitFor();
  await question(page, 'Verified up to now').getByText('Failed', { exact: true }).waitFor();

  await question(page, 'Quarantine is empty').locator('summary').click();
  await question(page, 'Quarantine is empty').getByRole('button', { name: 'Ask this again' }).click();
  await page.getByText(/Not ready: /).waitFor();
  await question(page, 'The source is silent').getByText('Failed', { exact: true }).waitFor();

  // They are found again after a reload.
  await page.reload();
  await page.getByText(/Not ready: /).waitFor();
});

test('the answers are in Chinese where the page is', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/readiness`, language: 'zh' });
  await page.getByText(/未就绪：\d+ 项未通过，\d+ 项未知。/).waitFor();
  const causes = await page.locator('.more > p:first-child').allTextContents();
  const english = causes.filter((text) => text !== '' && !/\p{Script=Han}/u.test(text));
  assert.deepEqual(english, []);
});
