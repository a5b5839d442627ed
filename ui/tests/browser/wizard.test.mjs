import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_TASKS, PRODUCTION, scene, sourceForm, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('source_add', { form: sourceForm('live shop', demo.target.form.bootstrap, PRODUCTION), secrets: {} });
});

/** Fills in the first step. */
async function first(page, name, target = 'Demo target (Demo)') {
  await page.getByLabel('Task name').fill(name);
  await page.getByLabel('Source', { exact: true }).selectOption({ label: 'Demo source (Demo)' });
  await page.getByLabel('Target', { exact: true }).selectOption({ label: target });
  await page.getByText(/Answers: 3 topics/).first().waitFor();
}

async function next(page) {
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  // While it saves, the button takes no second press.
  await page.locator('main footer [aria-busy=true]').waitFor({ state: 'detached' });
}
const step = (page, name) => page.getByRole('navigation', { name: 'Steps' }).getByRole('button', { name });
const consequence = (page) => page.getByRole('complementary', { name: 'What will happen' });

test('what is missing is said beside its field, and the wizard stays', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await page.getByLabel('Task name').waitFor();
  await next(page);
  await page.getByText('Give the task a name.').waitFor();
  await page.getByText('Choose where records are read.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')), 'true', 'the first wrong field has the focus');
  await page.getByLabel('Task name').fill('名'.repeat(65));
  await page.getByText('The name may have 64 characters, this one has 65.').waitFor();
});

test('topics are moved between the lists with mouse and keyboard, and the consequence follows', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'moved');
  await next(page);
  await page.getByRole('radio', { name: /Chosen topics/ }).check();
  await consequence(page).getByText('No topic is chosen yet.').waitFor();

  const left = page.getByRole('listbox', { name: 'At the source' });
  const right = page.getByRole('listbox', { name: 'To copy' });
  await left.getByRole('option', { name: /orders/ }).click();
  await page.getByRole('button', { name: 'Copy the selected topics' }).click();
  await right.getByRole('option', { name: /orders/ }).waitFor();
  await consequence(page).getByText('1 topic, 6 partitions.').waitFor();

  await left.focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('Space');
  await page.keyboard.press('Enter');
  await right.getByRole('option', { name: /clicks/ }).waitFor();
  await consequence(page).getByText('2 topics, 14 partitions.').waitFor();

  await right.focus();
  await page.keyboard.press('Control+a');
  await page.getByRole('button', { name: 'Take the selected topics back' }).click();
  await consequence(page).getByText('No topic is chosen yet.').waitFor();
  await next(page);
  await page.getByText('Choose at least one topic.').waitFor();
});

test('names are checked as they are typed, and going back keeps everything', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'mapped');
  await next(page);
  await next(page);
  await page.getByLabel('Prefix').fill('eu.');
  const orders = page.getByLabel('Target name of orders');
  await until(async () => (await orders.inputValue()) === 'eu.orders', 'the prefix applies');

  await orders.fill('bad name');
  await page.getByText('Only letters, digits, “.”, “_” and “-” are allowed.').waitFor();
  await page.getByRole('button', { name: 'Save and check' }).click();
  assert.equal(await step(page, /Mapping/).getAttribute('aria-current'), 'step', 'a wrong name goes no further');
  await orders.fill('eu.clicks');
  await page.getByText('clicks would be written there too.').waitFor();
  await page.getByRole('button', { name: 'Reset the name of orders' }).click();

  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.getByLabel('Search (regular expression)').fill('^(.)(.*)$');
  await page.getByLabel('Replace with').fill('$2-$1');
  await until(async () => (await orders.inputValue()) === 'eu.rders-o', 'the rule applies before the prefix');

  await page.getByRole('radio', { name: /^Append/ }).check();
  await step(page, /Source and target/).click();
  assert.equal(await page.getByLabel('Task name').inputValue(), 'mapped');
  await step(page, /Mapping/).click();
  assert.equal(await page.getByLabel('Prefix').inputValue(), 'eu.');
  assert.equal(await orders.inputValue(), 'eu.rders-o');
  assert.ok(await page.getByRole('radio', { name: /^Append/ }).isChecked());
});

test('patterns are judged by the engine that copies, as they are typed, and errors go when they are mended', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'patterns');
  await next(page);
  await page.getByRole('radio', { name: /By pattern/ }).check();
  const include = page.getByLabel('Include');
  await include.fill('(?i)ORDERS.*');
  await consequence(page).getByText('1 topic, 6 partitions.').waitFor();
  await include.fill('(?=o)orders.*');
  await page.getByText(/look-around/).waitFor();
  await page.getByText('No topic matches').first().waitFor();
  await next(page);
  assert.equal(await step(page, /Objects/).getAttribute('aria-current'), 'step', 'it goes no further');
  await include.fill('o.*');
  await page.getByText(/look-around/).waitFor({ state: 'detached' });
  await consequence(page).getByText('1 topic, 6 partitions.').waitFor();
});

test('a start in the future is warned of, and where each partition begins is shown before the launch', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'later');
  await next(page);
  await page.getByRole('radio', { name: /^Time/ }).check();
  const ahead = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 19);
  await page.getByLabel('Date and time').fill(ahead);
  await next(page);
  await page.getByLabel('Suffix').fill('.later');
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText(/May start/).waitFor();
  await page.getByText(/The start time .* is \d(\.\d)? days ahead/i).first().waitFor();
  await next(page);
  const starts = page.getByRole('table', { name: 'Where each partition begins' });
  await starts.getByRole('row').nth(6).waitFor();
  assert.match(await starts.getByRole('row').nth(1).innerText(), /clicks\s+0\s+[\d\s\u202f]+/);
});

test('a reload loses nothing, saved or not', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'reloaded');
  await page.reload();
  assert.equal(await page.getByLabel('Task name').inputValue(), 'reloaded', 'before the draft is saved');
  await next(page);
  await page.getByRole('radio', { name: /By pattern/ }).check();
  await page.getByLabel('Include').fill('o.*');
  await consequence(page).getByText('1 topic, 6 partitions.').waitFor();
  await page.reload();
  await until(async () => (await page.getByLabel('Include').inputValue()) === 'o.*', 'after it is saved, with what is not saved yet');
  await page.getByRole('radio', { name: /^Offset/ }).check();
  await page.getByRole('textbox', { name: 'Offset' }).fill('12');
  await next(page);
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText(/May start|May not start/).waitFor();
  const { tasks } = await here.host.call('task_list', { ...ALL_TASKS, text: 'reloaded' });
  assert.equal(tasks.length, 1, 'one draft, however often it was saved');
  const { settings } = await here.host.call('task_show', { task: tasks[0].id });
  assert.equal(settings.start, 'offset:12');
  assert.deepEqual(settings.objects, { matching: { include: 'o.*', exclude: null } });
});

test('data on the target fails the pre-check; the item says where to change it, and the check passes again', async () => {
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  const full = async () => (await here.host.call('task_show', { task: demo.task_id })).stages.find((stage) => stage.name === 'full');
  // Each of the three topics has something on the target then.
  await until(async () => (await full()).percent === 100, 'the demo has copied its backlog', 60_000);
  await here.host.call('task_terminate', { task: demo.task_id });
  await until(async () => (await here.host.call('task_show', { task: demo.task_id })).state === 'terminated', 'the demo ends', 60_000);

  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'over data');
  await next(page);
  await consequence(page).getByText(/3 topics already hold data on Demo target: .* offsets. The pre-check will fail./).waitFor();
  await next(page);
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText(/May not start: \d item/).waitFor();
  await page.getByText('Choose Append to write behind the data').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Next', exact: true }).isDisabled());
  // What passed is one line, which opens.
  const passed = page.getByText(/^\d+ items passed$/);
  const connection = page.getByText('Source connection', { exact: true });
  assert.equal(await connection.isVisible(), false);
  await passed.click();
  await connection.waitFor();

  await page.getByRole('button', { name: 'Change it in “Mapping”' }).first().click();
  await page.getByRole('radio', { name: /^Append/ }).check();
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText(/May start/).waitFor();
});

test('deleting on a production cluster names what goes, and asks to type the name', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'rewrite', 'live shop (Production)');
  await next(page);
  await next(page);
  await page.getByRole('radio', { name: /Delete and rewrite/ }).check();
  await consequence(page).getByText(/will be deleted/).waitFor();
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.getByText(/May start/).waitFor();
  await next(page);
  await page.getByRole('button', { name: 'Start replication' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('orders').waitFor();
  const go = dialog.getByRole('button', { name: 'Delete and start' });
  assert.ok(await go.isDisabled(), 'before the name is typed');
  await dialog.getByRole('textbox').fill('live shop');
  await go.click();
  await page.getByText(/rewrite is launched/).waitFor();
  assert.match(page.url(), /#\/tasks\/[^/]+\/overview$/);
});

test('a topic that begins elsewhere may end elsewhere, and is kept so', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'ends elsewhere');
  await next(page);
  await page.getByText('Other starts and ends for single topics').click();
  await page.getByRole('button', { name: 'Add a topic' }).click();
  await page.getByLabel('Topic', { exact: true }).selectOption('orders');
  const end = page.getByLabel('End of orders', { exact: true });
  assert.equal(await end.locator('option:checked').innerText(), 'As the others');
  await end.selectOption({ label: 'Number of records' });
  await next(page);
  await page.getByText('Give a whole number from 1 on.').waitFor();
  await page.getByLabel('How many of each partition').fill('250');
  await consequence(page).getByText('1 topic ends elsewhere').waitFor();
  await next(page);
  const kept = await until(async () => {
    const { tasks } = await here.host.call('task_list', ALL_TASKS);
    const row = tasks.find(({ name }) => name === 'ends elsewhere');
    const settings = row && (await here.host.call('task_show', { task: row.id })).settings;
    return settings && Object.keys(settings.end_overrides).length > 0 ? settings : null;
  }, 'the draft has the end');
  assert.deepEqual([kept.end, kept.end_overrides], [null, { orders: 'records:250' }]);
});

test('a limit that is reached is said beside the button', async () => {
  const { not_terminated: used } = await here.host.call('task_list', ALL_TASKS);
  await here.host.call('setting_set', { key: 'max_tasks', value: used });
  const page = await here.open({ hash: '#/tasks/new' });
  await first(page, 'one too many');
  await next(page);
  await page.getByRole('alert').getByText(/terminate/i).waitFor();
});
