import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
});

/** Presses Tab until something with this role and name has the focus. */
async function tabTo(page, role, name, most = 120) {
  const wanted = page.getByRole(role, { name });
  for (let pressed = 0; pressed < most; pressed += 1) {
    if (await wanted.first().evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never came to ${role} ${name}`);
}

test('shortcuts lead to the pages, and their help lists them', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('heading', { name: 'Data sources', level: 1 }).waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await page.getByRole('heading', { name: 'Alerts', level: 1 }).waitFor();
  // As a person presses it: Shift goes down first, and a key that means nothing was pressed before.
  await page.keyboard.press('x');
  await page.keyboard.down('Shift');
  await page.keyboard.press('?');
  await page.keyboard.up('Shift');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await help.getByText('New task').waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await page.getByRole('heading', { name: 'Data sources', level: 1 }).waitFor();
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Search data sources');
});

test('the command palette finds pages, tasks and actions by typing, and runs the chosen one', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('heading', { name: 'Data sources', level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Commands' });
  const field = palette.getByRole('combobox', { name: 'What do you want to do?' });
  await field.waitFor();
  await page.keyboard.type('topics demo target');
  await palette.getByRole('option', { name: /Topics: Demo target/, selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await palette.waitFor({ state: 'detached' });
  await until(() => /#\/sources\/[^/]+\/topics$/.test(page.url()), 'the topics are shown');
  // Also while somebody types, and the arrows choose. The field of the search comes with the topics.
  const search = page.locator('main [data-search]');
  await search.waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('x');
  assert.equal(await search.inputValue(), 'x');
  await page.keyboard.press('Control+k');
  await field.waitFor();
  await page.keyboard.type('demo');
  const second = palette.getByRole('option').nth(1);
  const name = await second.innerText();
  await page.keyboard.press('ArrowDown');
  await until(async () => (await second.getAttribute('aria-selected')) === 'true', `${name} is chosen`);
  await field.fill('no such thing');
  await palette.getByText('Nothing of this name').waitFor();
  await page.keyboard.press('Escape');
  await palette.waitFor({ state: 'detached' });
  await until(() => search.evaluate((element) => element === document.activeElement), 'the focus is back');
});

test('arrows go through the tasks, and one key pauses, resumes or verifies the task shown', async () => {
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  const page = await here.open({ hash: '#/tasks' });
  const name = page.getByRole('table', { name: 'Tasks' }).locator('a[data-line]').first();
  await name.waitFor();
  await page.keyboard.press('ArrowDown');
  await until(() => name.evaluate((element) => element === document.activeElement), 'the first task has the focus');
  await page.keyboard.press('Enter');
  await until(() => /#\/tasks\/[^/]+\/overview$/.test(page.url()), 'the task is shown');
  await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await page.keyboard.press('p');
  await page.getByRole('button', { name: 'Resume', exact: true }).waitFor();
  await page.keyboard.press('p');
  await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await page.keyboard.press('v');
  await until(() => /\/verify$/.test(page.url()), 'its verification is shown');
});

test('a task is set up and launched without a mouse, and the focus is always seen', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('heading', { name: 'Data sources', level: 1 }).waitFor();
  await page.keyboard.press('n');
  await page.getByLabel('Task name').waitFor();
  await tabTo(page, 'textbox', 'Task name');
  await page.keyboard.type('by keyboard');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Demo source');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Demo target');
  await page.getByText('3 topics, 18 partitions').first().waitFor();
  await tabTo(page, 'button', 'Next');
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).boxShadow);
  assert.notEqual(ring, 'none', 'the focus has a ring');
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: /All topics/ }).waitFor();
  await tabTo(page, 'radio', /All topics/);
  await page.keyboard.press('ArrowDown');
  await tabTo(page, 'listbox', 'At the source');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Enter');
  await page.getByRole('listbox', { name: 'To copy' }).getByRole('option').nth(2).waitFor();
  await tabTo(page, 'button', 'Next');
  await page.keyboard.press('Enter');
  await page.getByLabel('Suffix').waitFor();
  await tabTo(page, 'textbox', 'Suffix');
  await page.keyboard.type('.kb');
  await tabTo(page, 'button', 'Save and check');
  await page.keyboard.press('Enter');
  await page.getByText(/May start/).waitFor();
  await tabTo(page, 'button', 'Next');
  await page.keyboard.press('Enter');
  await tabTo(page, 'button', 'Start replication');
  await page.keyboard.press('Enter');
  await page.getByText(/by keyboard is launched/).waitFor();
  await until(() => /#\/tasks\/[^/]+\/overview$/.test(page.url()), 'the task is shown');
});

test('a dialog keeps the focus and gives it back', async () => {
  const page = await here.open({ hash: '#/alerts/rules' });
  const add = page.getByRole('button', { name: 'Add a rule' });
  await add.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  assert.ok(await page.evaluate(() => document.activeElement?.closest('dialog') !== null));
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.ok(await add.evaluate((element) => element === document.activeElement));
});

test('Escape closes what is open, and then leads back to where the page belongs', async () => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}` });
  const opener = page.getByRole('button', { name: /^Actions for/ });
  await opener.click();
  await page.getByRole('menu').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'hidden' });
  assert.match(page.url(), /#\/sources\/[^/]+$/);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Data sources', level: 1 }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('x');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Data sources', level: 1 }).waitFor();
});

test('Enter in a field keeps what its part of the page is for', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/settings` });
  const ceiling = page.getByLabel('Records per second at most');
  await ceiling.fill('4321');
  await page.keyboard.press('Enter');
  await until(async () => (await here.host.call('task_show', { task: demo.task_id })).settings.rate.records_per_second === 4321, 'the ceiling is kept');
  const name = page.getByLabel('Name', { exact: true });
  await name.fill('Renamed by Enter');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Renamed by Enter', level: 1 }).waitFor();

  await page.goto(`${here.host.url}/#/tasks/${demo.task_id}/cutover`);
  await page.getByLabel('Silence is watched for').fill('2');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: /^Cut-over of/ }).waitFor();
  assert.equal((await here.host.call('cutover_status', { task: demo.task_id })).cutover.silence_ms, 2000);
});
