import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
});

const hash = () => `#/compare?source=${demo.source_id}&target=${demo.target_id}`;

test('two data sources are chosen from their list and compared, and what differs is shown', async () => {
  const page = await here.open({ hash: '#/sources' });
  await page.getByRole('link', { name: 'Compare', exact: true }).click();
  await page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor();
  await page.getByText('Choose two data sources').waitFor();
  await page.getByLabel('Source, the model').selectOption(demo.source_id);
  await page.getByLabel('Target', { exact: true }).selectOption(demo.source_id);
  await page.getByText('These are the same data source').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Compare', exact: true }).isDisabled());
  await page.getByLabel('Target', { exact: true }).selectOption(demo.target_id);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.getByText('They differ', { exact: true }).waitFor();
  await page.getByRole('tab', { name: /^Topics \(/ }).waitFor();
  const orders = page.getByRole('listitem').filter({ hasText: 'orders' });
  await orders.getByText('Only at the source').first().waitFor();
  assert.match(await page.evaluate(() => location.hash), /source=.*target=/);
});

test('a topic opens to its settings, with where each value comes from, and the comparison is exported', async () => {
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await until(
    async () => (await here.host.call('source_topics', { source: demo.target_id })).some(({ name }) => name.includes('orders')),
    'the demo has made its target topics',
    60_000,
  );
  const page = await here.open({ hash: `${hash()}&task=${demo.task_id}` });
  await page.getByRole('tab', { name: /^Topics \(/ }).waitFor();
  await page.getByLabel('Only what differs').uncheck();
  const orders = page.getByRole('listitem').filter({ hasText: 'orders' }).first();
  await orders.locator('summary').click();
  await orders.getByText('set on the topic').first().waitFor();
  await orders.getByText(/settings? (is|are) the same on both sides/).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: 'CSV, for spreadsheets' }).click();
  assert.equal((await download).suggestedFilename(), 'sluice-compare.csv');
});

test('the request names principals, and a line that is none is refused before it is asked', async () => {
  const page = await here.open({ hash: hash() });
  await page.getByText('They differ', { exact: true }).waitFor();
  await page.getByText('Principals with other names on the target').first().click();
  await page.getByLabel('Principals with other names on the target').fill('User:a => User:b\nUser:c');
  await page.getByText('Line 2: write what is at the source').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Compare again' }).isDisabled());
});

test('a copy with every topic differs in its groups; ACLs and quotas have their tabs, and what cannot be read is named', async () => {
  const page = await here.open({ hash: hash() });
  await page.getByText('They differ', { exact: true }).waitFor();
  await page.getByText('Nothing differs here.').waitFor();
  await page.getByRole('tab', { name: /^Consumer groups \(/ }).click();
  await page.getByText('Only at the source').first().waitFor();
  for (const name of [/^ACLs \(/, /^Quotas \(/, /^Consumer groups \(/]) await page.getByRole('tab', { name }).click();
  await page.getByRole('tab', { name: /^Quotas \(/ }).click();
  await page.getByText('Not known: it could not be read.').waitFor();
  await page.getByRole('heading', { name: 'What could not be read' }).waitFor();
});

test('the page speaks Chinese, what the backend says included', async () => {
  const page = await here.open({ hash: hash(), language: 'zh' });
  await page.getByRole('heading', { name: '比较', level: 1 }).waitFor();
  await page.getByText('存在差异', { exact: true }).waitFor();
  await page.getByText(/无法读取(源|目标)的配额/).first().waitFor();
});
