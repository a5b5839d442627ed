import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, sourceForm, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
});

const aside = (page) => page.getByRole('complementary', { name: 'Connection test' });

test('a cluster is tested step by step before it is saved', async () => {
  const page = await here.open({ hash: '#/sources/new' });
  await page.getByLabel('Name', { exact: true }).fill('shop');
  await page.getByLabel('Bootstrap servers').fill(demo.source.form.bootstrap);
  await aside(page).getByRole('button', { name: 'Test connection' }).click();
  await aside(page).getByText('Connection successful', { exact: true }).waitFor();
  await aside(page).getByText('3 brokers and 3 topics are visible').waitFor();
  await aside(page).getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { name: 'shop', level: 1 }).waitFor();
  await page.getByText('4.0', { exact: true }).waitFor();
});

test('a failure says at which step and why, and a change makes the result stale', async () => {
  const page = await here.open({ hash: '#/sources/new' });
  await page.getByLabel('Bootstrap servers').fill('127.0.0.1:1');
  await page.getByLabel('Name', { exact: true }).fill('nowhere');
  await aside(page).getByRole('button', { name: 'Test connection' }).click();
  await aside(page).getByText('Connection failed', { exact: true }).waitFor();
  await aside(page).getByText(/refuse/i).first().waitFor();
  await page.getByLabel('Note').fill('changed');
  await aside(page).getByText('The form has changed since this test.').waitFor();
});

test('wrong fields are named beside the button and at the field, which gets the focus', async () => {
  const page = await here.open({ hash: '#/sources/new' });
  await page.getByLabel('Bootstrap servers').fill('nonsense:port');
  await page.getByRole('radio', { name: /SASL_SSL/ }).check();
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  await aside(page).getByText(/fields cannot stay as they are/).waitFor();
  await page.getByText('Choose how to log in: SASL_SSL needs a mechanism').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')), 'true');
  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Leave' }).click();
  await page.getByRole('heading', { name: 'Alerts', level: 1 }).waitFor();
});

test('what is wrong with address map and proxy is said line by line at their fields, and a right form keeps them', async () => {
  const page = await here.open({ hash: '#/sources/new' });
  await page.getByLabel('Name', { exact: true }).fill('behind a bastion');
  await page.getByLabel('Bootstrap servers').fill('b1.example.invalid:9092');
  await page.getByRole('heading', { name: 'Advanced' }).click();
  const map = page.getByLabel('Address map');
  await map.fill('b1.example.invalid:9092=127.0.0.1:1\nb2.example.invalid:9092\nb3=127.0.0.1:2');
  await page.getByLabel('SOCKS5 proxy').fill('http://proxy.example.invalid:3128');
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  await aside(page).getByText('2 fields cannot stay as they are').waitFor();
  await page.getByText(/Line 2: 'b2.example.invalid:9092' leads nowhere/).waitFor();
  await page.getByText(/Line 3: 'b3' is no address/).waitFor();
  await page.getByText(/a proxy of the kind 'http' is not supported/i).waitFor();

  await map.fill('b1.example.invalid:9092=127.0.0.1:1');
  await page.getByLabel('SOCKS5 proxy').fill('127.0.0.1:1');
  await page.getByLabel('User of the proxy').fill('me');
  await page.getByLabel('Password of the proxy').fill('tide-7732');
  await aside(page).getByRole('button', { name: 'Test connection' }).click();
  await aside(page).getByText('Connection failed', { exact: true }).waitFor();
  await aside(page).getByText(/the SOCKS5 proxy 127.0.0.1:1/).first().waitFor();
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  await page.getByRole('heading', { name: 'behind a bastion', level: 1 }).waitFor();
  const [kept] = (await here.host.call('source_list', {})).filter(({ form }) => form.name === 'behind a bastion');
  assert.equal(kept.form.address_map, 'b1.example.invalid:9092=127.0.0.1:1');
  assert.deepEqual([kept.form.proxy, kept.form.proxy_user], ['127.0.0.1:1', 'me']);
  assert.deepEqual(kept.secret_fields, ['proxy_password']);
  assert.ok(!(await page.content()).includes('tide-7732'));
});

test('a blank password keeps the old one, and no page ever holds it', async () => {
  const added = await here.host.call('source_add', {
    form: sourceForm('with login', 'broker.example.invalid:9092', { protocol: 'SASL_SSL', mechanism: 'PLAIN', username: 'u' }),
    secrets: { password: 'tide-7731' },
  });
  const page = await here.open({ hash: `#/sources/${added.id}/edit` });
  const password = page.getByLabel('Password');
  await password.waitFor();
  assert.equal(await password.inputValue(), '');
  assert.match(await password.getAttribute('placeholder'), /Kept/);
  await page.getByLabel('Note').fill('second');
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  // Exact: the title of the form holds the name as well.
  await page.getByRole('heading', { name: 'with login', level: 1, exact: true }).waitFor();
  const shown = await here.host.call('source_show', { source: added.id });
  assert.equal(shown.form.note, 'second');
  assert.deepEqual(shown.secret_fields, ['password']);
  assert.ok(!(await page.content()).includes('tide-7731'));
});

test('settings of other programs are read into the form', async () => {
  const page = await here.open({ hash: '#/sources/new?import=1' });
  const dialog = page.getByRole('dialog', { name: 'Import settings' });
  await dialog.getByLabel('Configuration').fill(
    'bootstrap.servers=b1.example.invalid:9093\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n' +
      'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="mover" password="s3cret";\nacks=1\n',
  );
  await dialog.getByRole('button', { name: 'Read settings' }).click();
  await page.getByText('Settings were imported').waitFor();
  assert.equal(await page.getByLabel('Bootstrap servers').inputValue(), 'b1.example.invalid:9093');
  assert.equal(await page.getByLabel('User', { exact: true }).inputValue(), 'mover');
  assert.equal(await page.getByLabel('Login mechanism').inputValue(), 'SCRAM-SHA-512');
  await page.getByText(/acks/).first().waitFor();

  await page.getByRole('button', { name: 'Import settings' }).click();
  await dialog.getByText('URL', { exact: true }).click();
  await dialog.getByLabel('Broker URL').fill('not a url');
  await dialog.getByRole('button', { name: 'Read settings' }).click();
  await dialog.getByRole('alert').waitFor();
});

test('an identity of AWS needs no secret, and its region where the brokers do not tell it', async () => {
  const page = await here.open({ hash: '#/sources/new' });
  await page.getByLabel('Name', { exact: true }).fill('msk');
  await page.getByLabel('Bootstrap servers').fill('msk.example.invalid:9098');
  await page.getByRole('radio', { name: /SASL_SSL/ }).check();
  await page.getByLabel('Login mechanism').selectOption('AWS_MSK_IAM');
  await page.getByText(/Its keys are not kept here/).waitFor();
  await page.getByLabel('Role to take on').fill('copy');
  await page.getByLabel('External id').fill('42');
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  await aside(page).getByText('2 fields cannot stay as they are').waitFor();
  await page.getByText(/^Give the cluster's region/).waitFor();
  await page.getByText(/^Write the ARN of a role/).waitFor();

  await page.getByLabel('Bootstrap servers').fill('b-1.demo.abc.c2.kafka.eu-west-1.amazonaws.com:9098');
  await page.getByLabel('Role to take on').fill('arn:aws:iam::111122223333:role/copy');
  await page.getByLabel('AWS profile').fill('mine');
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  await page.getByRole('heading', { name: 'msk', level: 1, exact: true }).waitFor();
  await page.getByText('arn:aws:iam::111122223333:role/copy').waitFor();
  const [kept] = (await here.host.call('source_list', {})).filter(({ form }) => form.name === 'msk');
  assert.deepEqual(kept.form.aws, {
    region: null,
    profile: 'mine',
    role_arn: 'arn:aws:iam::111122223333:role/copy',
    session_name: null,
    external_id: '42',
  });
  assert.deepEqual(kept.secret_fields, []);
});

test('topics are browsed: partitions, configuration, and records as text, JSON and hex', async () => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}/topics` });
  await page.getByRole('option', { name: /orders/ }).click();
  // One record in fifty is a tombstone, which has no value to show.
  await page.locator('button[data-offset]').filter({ hasText: '"orders"' }).first().click();
  await page.locator('pre').last().getByText('"topic": "orders"').waitFor();
  await page.getByLabel('Show as').selectOption('hex');
  await page.locator('pre').last().getByText('000000').waitFor();
  await page.getByLabel('From').selectOption('offset');
  await page.getByLabel('Offset to begin at').fill('5');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.locator('button[data-offset="5"]').waitFor();

  await page.getByRole('tab', { name: 'Partitions' }).click();
  await page.getByRole('table', { name: 'Partitions' }).getByRole('row').nth(6).waitFor();
  await page.getByRole('tab', { name: 'Configuration' }).click();
  await page.getByRole('tabpanel').getByText(/retention\.ms|does not tell|Nothing is set/).first().waitFor();
});

test('the newest records come first, another partition leaves no old rows, and a cut value has its whole size', async () => {
  await here.host.fault('append', { topic: 'payments', partition: 1, bytes: 200_000 });
  const page = await here.open({ hash: `#/sources/${demo.source_id}/topics` });
  await page.getByRole('option', { name: /payments/ }).click();
  const rows = page.locator('button[data-offset]');
  const offsets = () => rows.evaluateAll((all) => all.map((each) => Number(each.dataset.offset)));
  await rows.first().waitFor();
  await page.getByLabel('Partition').selectOption('1');
  await until(async () => (await offsets()).length > 1, 'records of the other partition');
  const shown = await offsets();
  assert.deepEqual(shown, shown.toSorted((a, b) => b - a), 'the newest first');

  const { offset } = (await here.host.call('source_peek', { source: demo.source_id, topic: 'payments', partition: 1, from: 'latest', limit: 100 })).find(
    ({ truncated }) => truncated,
  );
  await page.getByLabel('From').selectOption('offset');
  await page.getByLabel('Offset to begin at').fill(String(offset));
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.locator(`button[data-offset="${offset}"]`).click();
  await page.getByText(/^200 kB; the first 65\.5 kB are shown/).waitFor();
});

test('records are looked at from a time on, and searched for a text in key, value or header', async () => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}/topics` });
  await page.getByRole('option', { name: /payments/ }).click();
  const rows = page.locator('button[data-offset]');
  await rows.first().waitFor();
  await page.getByLabel('Partition').selectOption('0');
  const all = await here.host.call('source_peek', { source: demo.source_id, topic: 'payments', partition: 0, from: 'earliest', limit: 100 });
  const wanted = all[40];
  const words = new TextDecoder().decode(new Uint8Array(wanted.key));
  await page.getByLabel('From').selectOption('earliest');
  await page.getByLabel('Contains').fill(words);
  await page.getByRole('combobox', { name: 'Records', exact: true }).selectOption('10');
  await page.locator(`button[data-offset="${wanted.offset}"]`).waitFor();
  await page.getByRole('status').filter({ hasText: /looked at/ }).waitFor();
  const keys = await rows.evaluateAll((each) => each.map((row) => row.children[3].textContent.trim() + row.children[4].textContent));
  assert.ok(keys.every((text) => text.includes(words)), JSON.stringify(keys));

  await page.getByLabel('Contains').fill('no record has this');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.getByText('No record with this text').waitFor();

  await page.getByLabel('Contains').fill('');
  await page.getByLabel('From').selectOption('time');
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await page.getByText('Enter a time').waitFor();
  const at = new Date(all[20].timestamp_ms + 1_000);
  const local = await page.evaluate((ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19), at.getTime());
  await page.getByLabel('Time to begin at').fill(local);
  await page.getByRole('button', { name: 'Load', exact: true }).click();
  await rows.first().waitFor();
  const first = Number(await rows.first().getAttribute('data-offset'));
  const since = Math.floor(at.getTime() / 1_000) * 1_000;
  const [before, there] = await here.host.call('source_peek', { source: demo.source_id, topic: 'payments', partition: 0, from: { offset: first - 1 }, limit: 2 });
  assert.ok(before.timestamp_ms < since && there.timestamp_ms >= since, JSON.stringify([before.timestamp_ms, since, there.timestamp_ms]));
});

test('the tasks that use a data source are links to them', async () => {
  const page = await here.open({ hash: `#/sources/${demo.source_id}` });
  await page.getByRole('link', { name: 'Demo: a shop' }).click();
  await until(() => page.url().includes(demo.task_id), 'the task is shown');
});

test('a data source in use is not deleted, and the tasks are named; another one is', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('button', { name: 'Actions for Demo source' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  const refused = page.getByRole('dialog', { name: 'Demo source is in use' });
  await refused.getByText('Demo:').waitFor();
  await refused.getByRole('button', { name: 'Close' }).last().click();

  await here.host.call('source_add', { form: sourceForm('spare', '127.0.0.1:1'), secrets: {} });
  await page.getByRole('button', { name: 'Actions for spare' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('link', { name: 'spare' }).waitFor({ state: 'detached' });
});

test('a data source marked read-only is no target, and a duplicate begins as its model without its secrets', async () => {
  const secret = 'never-to-be-seen';
  const stored = await here.host.call('source_add', {
    form: sourceForm('guarded', '127.0.0.1:1', { read_only: true, protocol: 'SASL_SSL', mechanism: 'PLAIN', username: 'alice', note: 'the old one' }),
    secrets: { password: secret },
  });
  const page = await here.open({ hash: `#/sources/${stored.id}` });
  await page.getByText('read-only', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Actions for guarded' }).click();
  await page.getByRole('menuitem', { name: 'Duplicate' }).click();
  await page.getByText('Secrets are not duplicated: enter them again.').waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'guarded copy');
  assert.equal(await page.getByLabel('Note').inputValue(), 'the old one');
  assert.equal(await page.getByRole('switch', { name: 'Read-only' }).getAttribute('aria-checked'), 'true');
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
  assert.equal((await page.content()).includes(secret), false);
  const wizard = await here.open({ hash: '#/tasks/new' });
  const option = wizard.getByLabel('Target', { exact: true }).locator('option', { hasText: 'guarded' });
  assert.match((await option.textContent()) ?? '', /read-only/);
  assert.equal(await option.isDisabled(), true);
  assert.equal(await wizard.getByLabel('Source', { exact: true }).locator('option', { hasText: 'guarded' }).isDisabled(), false);
});

test('a change that somebody else made meanwhile is not written over', async () => {
  const stored = await here.host.call('source_add', { form: sourceForm('of two people', '127.0.0.1:1'), secrets: {} });
  const page = await here.open({ hash: `#/sources/${stored.id}/edit` });
  await page.getByLabel('Note').fill('mine');
  await here.host.call('source_edit', { source: stored.id, form: { ...stored.form, read_only: true }, secrets: {} });
  await aside(page).getByRole('button', { name: 'Save without a passed test' }).click();
  await page.getByText(/was changed meanwhile; look at it again/).waitFor();
  const kept = await here.host.call('source_show', { source: stored.id });
  assert.deepEqual([kept.form.read_only, kept.form.note], [true, '']);
});
