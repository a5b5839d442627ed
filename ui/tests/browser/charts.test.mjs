import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
});

test('the moment under the pointer is shown in all charts, and a part is looked at closer', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const plots = page.locator('.plot');
  await plots.nth(3).locator('canvas').waitFor({ timeout: 30_000 });
  await page.getByText('Since the start').click();
  await until(async () => (await here.host.call('task_metrics', { task: demo.task_id, from_ms: Date.now() - 600_000, to_ms: null, max_points: 240 })).points.length > 1, 'two moments are kept', 60_000);
  const captions = page.locator('figcaption');
  const moments = () => captions.evaluateAll((all) => all.map((each) => each.querySelector('.moment')?.textContent ?? null));
  await until(async () => {
    await plots.first().hover({ position: { x: 150, y: 40 } });
    const shown = await moments();
    return shown.length === 5 && shown[0] !== null && shown.every((moment) => moment === shown[0]);
  }, 'every chart shows the same moment');
  assert.match((await moments())[0], /^\d\d:\d\d:\d\d$/);

  const box = await plots.first().boundingBox();
  await page.mouse.move(box.x + 150, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 40, { steps: 4 });
  await page.mouse.up();
  const whole = page.getByRole('button', { name: 'Show the whole range' });
  await whole.click();
  await whole.waitFor({ state: 'detached' });
});

test('new numbers go into the charts that are there', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const first = page.locator('.plot canvas').first();
  await first.waitFor({ timeout: 30_000 });
  await first.evaluate((canvas) => canvas.setAttribute('data-drawn', 'first'));
  const now = async () => (await here.host.call('task_show', { task: demo.task_id })).at_ms;
  const before = await now();
  await until(async () => (await now()) > before + 2_500, 'newer numbers');
  assert.equal(await first.getAttribute('data-drawn'), 'first');
});
