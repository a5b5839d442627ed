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

test('the page sets when a task is verified by itself, refuses a time that is none, and lists what each came to', async () => {
  await here.host.call('task_verify', { task });
  const page = await here.open({ hash: `#/tasks/${task}/verify` });
  const schedule = page.locator('section').filter({ has: page.getByRole('heading', { name: 'On a schedule' }) });
  const history = page.getByRole('region', { name: 'Earlier verifications' });
  await history.getByText('Equal', { exact: true }).first().waitFor();
  assert.ok((await history.locator('tbody tr').count()) >= 2, 'those before are listed');

  await schedule.getByRole('switch', { name: 'Verify on a schedule' }).check();
  await schedule.getByLabel('At', { exact: true }).fill('25:00');
  await schedule.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByText(/is no time of day; write HH:MM/).waitFor();
  await schedule.getByLabel('At', { exact: true }).fill('03:30');
  await schedule.getByLabel('On', { exact: true }).selectOption('sunday');
  await schedule.getByRole('button', { name: 'Apply', exact: true }).click();
  const kept = async () => (await here.host.call('task_show', { task })).settings.verification;
  await until(async () => (await kept()) !== null, 'the schedule is kept');
  const { at, day, everything } = await kept();
  assert.deepEqual({ at, day, everything }, { at: '03:30', day: 'sunday', everything: false });
  await schedule.getByRole('switch', { name: 'Verify on a schedule' }).uncheck();
  await schedule.getByRole('button', { name: 'Apply', exact: true }).click();
  await until(async () => (await kept()) === null, 'the schedule is taken away');
});

test('a task that has a tag is found by it, and one that cannot be a tag is refused beside the field', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/settings` });
  const field = page.getByLabel('Tags', { exact: true });
  await field.fill('a tag that is much too long for a list');
  await field.press('Enter');
  await page.getByText(/at most 24 characters/).waitFor();
  await field.fill('billing, eu');
  await field.press('Enter');
  await until(async () => (await here.host.call('task_show', { task })).settings.tags.join() === 'billing,eu', 'the tags are kept');

  const list = await here.open({ hash: '#/tasks' });
  await list.getByRole('button', { name: '#eu', exact: true }).click();
  await list.locator(`[data-task="${task}"]`).getByText('#billing #eu').waitFor();
  assert.equal(await list.locator('[data-task]').count(), 1);
});

test('nobody is asked for a newer version until an address is entered, and an unsafe one is refused', async () => {
  const page = await here.open({ hash: '#/settings' });
  assert.ok(await page.getByRole('button', { name: 'Look now' }).isDisabled());
  assert.equal((await here.host.call('update_check', {})).newest, null);
  const field = page.getByLabel('Address to ask');
  await field.fill('http://example.org/sluice.json');
  await field.press('Enter');
  await page.getByText(/write https:\/\/HOST\/PATH/).waitFor();
});

test('a report is saved under the name of its task, is titled so, and the page says where it went', async () => {
  const { name } = await here.host.call('task_show', { task });
  const page = await here.open({ hash: `#/tasks/${task}/verify` });
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export report' }).click()]);
  assert.match(download.suggestedFilename(), /^Demo-a-shop-s-topics-verification\.html$/);
  await page.getByText(/Saved as .*Demo-a-shop-s-topics-verification/).waitFor();
  const written = [];
  for await (const chunk of await download.createReadStream()) written.push(chunk);
  const title = /<title>(.*)<\/title>/.exec(Buffer.concat(written).toString())?.[1] ?? '';
  assert.ok(title.replaceAll('&#39;', "'").startsWith(name), title);
});

test('a long name of a topic leaves the results of a verification in sight', async () => {
  const page = await here.open({ hash: `#/tasks/${task}/verify`, size: { width: 1000, height: 700 } });
  const row = page.locator('main table tbody tr').first();
  await row.waitFor();
  await row.locator('td').first().evaluate((cell) => (cell.firstElementChild ?? cell).textContent = 'a'.repeat(240));
  const [result, main] = await Promise.all([row.locator('td').last().boundingBox(), page.locator('main').boundingBox()]);
  assert.ok(result.x + result.width <= main.x + main.width, `${result.x + result.width} lies within ${main.x + main.width}`);
});
