import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { scene, until } from './scene.mjs';

/** What a receiver on this computer was sent. */
const received = [];
let receiver;

const here = scene(async () => {
  await here.demo();
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body, path: request.url });
      response.writeHead(request.url === '/refuses' ? 500 : 200).end();
    });
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
});
after(() => receiver.close());

const address = (path) => `http://127.0.0.1:${receiver.address().port}${path}`;

test('a webhook is added, tested and signed, and its address is not shown again', async () => {
  const page = await here.open({ hash: '#/alerts/channels' });
  await page.getByRole('button', { name: 'Add a channel' }).click();
  const dialog = page.getByRole('dialog', { name: 'New channel' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText(/1 to 24 characters|name/i).first().waitFor();
  await dialog.getByLabel('Name', { exact: true }).fill('ops');
  await dialog.getByLabel('URL').fill(address('/hook/token-1'));
  await dialog.getByLabel('Signing secret').fill('key-of-the-hook');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('listitem').filter({ hasText: 'ops' }).getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('Delivered').waitFor();
  assert.ok(!(await page.content()).includes('token-1'));

  const [sent] = received;
  assert.equal(sent.path, '/hook/token-1');
  const signed = sent.headers['x-sluice-signature'];
  const expected = createHmac('sha256', 'key-of-the-hook').update(`${sent.headers['x-sluice-timestamp']}.${sent.body}`).digest('hex');
  assert.ok(signed.includes(expected), `${signed} holds the HMAC of time and body`);
});

test('a channel that does not deliver says why, beside its button and in the history', async () => {
  await here.host.call('channel_put', {
    channel: { id: '', name: 'broken', config: { kind: 'webhook', url: address('/refuses'), format: 'slack', headers: {}, ca_pem: null }, secrets: {} },
  });
  const page = await here.open({ hash: '#/alerts/channels' });
  await page.getByRole('listitem').filter({ hasText: 'broken' }).getByRole('button', { name: 'Send a test' }).click();
  await page.getByRole('alert').getByText(/500/).waitFor({ timeout: 60_000 });
});

test('a rule is added with its condition, switched off and deleted; the one that came with the program stays', async () => {
  const page = await here.open({ hash: '#/alerts/rules' });
  await page.getByRole('button', { name: 'Add a rule' }).click();
  const dialog = page.getByRole('dialog', { name: 'New rule' });
  await dialog.getByLabel('Name', { exact: true }).fill('too late');
  await dialog.getByLabel('Watch for').selectOption('delay_over');
  await dialog.getByLabel('Delay over', { exact: true }).fill('90');
  await dialog.getByLabel('Unit of “Delay over”').selectOption('seconds');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Choose at least one channel.').waitFor();
  await dialog.getByLabel('Desktop').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Delay over 1 min 30 s for 2 min').waitFor();

  await page.getByRole('switch', { name: 'too late is on' }).click();
  await until(async () => (await here.host.call('rule_list')).find((rule) => rule.name === 'too late')?.enabled === false, 'it is off');
  await page.getByRole('button', { name: 'Actions: too late' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('too late', { exact: true }).waitFor({ state: 'detached' });
  await page.getByText('built in').waitFor();
});

test('quiet hours are kept, and a task is muted and heard again', async () => {
  const page = await here.open({ hash: '#/alerts/quiet' });
  await page.getByRole('button', { name: 'Add quiet hours' }).click();
  await page.getByText('ends on the next day').waitFor();
  await page.getByRole('button', { name: 'Sun' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').waitFor();
  const { values } = await here.host.call('settings_show');
  assert.equal(values.quiet_hours[0].from, '22:00');
  assert.equal(values.quiet_hours[0].days.length, 6);

  await page.getByLabel('Task', { exact: true }).selectOption({ index: 1 });
  await page.getByText('Not muted').waitFor();
  await page.getByRole('button', { name: 'For 1 hour' }).click();
  await page.getByText(/Muted until/).waitFor();
  await page.getByRole('button', { name: 'Unmute' }).click();
  await page.getByText('Not muted').waitFor();
});

test('the activity shows what was done, how it came out, and what it changed; secrets are not among it', async () => {
  const page = await here.open({ hash: '#/activity' });
  await page.getByLabel('Action', { exact: true }).selectOption('setting_set');
  await page.locator('summary').filter({ hasText: 'Quiet times' }).first().click();
  await page.getByText('22:00').first().waitFor();
  await page.getByRole('button', { name: 'Export' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: /CSV/ }).click();
  assert.equal((await download).suggestedFilename(), 'sluice-activity.csv');
  const all = JSON.stringify(await here.host.call('operation_list', {}));
  assert.ok(!all.includes('key-of-the-hook') && !all.includes('token-1'));
});
