import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

const LONG_MS = 90_000;
let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await until(async () => (await show()).stages.find(({ name }) => name === 'full').status === 'done', 'the backlog is copied', LONG_MS);
});

const show = () => here.host.call('task_show', { task: demo.task_id });
const running = () => until(async () => (await show()).state === 'running', 'it runs', LONG_MS);

async function opened() {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/changes` });
  await page.getByRole('button', { name: 'Modify objects' }).click();
  await page.getByRole('button', { name: 'Remove orders' }).waitFor();
  return page;
}
const foreseen = (page) => page.getByRole('region', { name: 'What will happen' });
async function apply(page) {
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
  await page.getByText('The change is made').waitFor({ timeout: LONG_MS });
  await running();
}

test('what a change will do to each topic is said before it is made, and its record says the same', async () => {
  const page = await opened();
  await foreseen(page).getByText('Nothing is changed yet.').waitFor();
  await page.getByRole('button', { name: 'Remove clicks' }).click();
  await foreseen(page).getByText(/^Stops: partition 0 at .* clicks stays as it is\.$/).waitFor();
  await apply(page);
  await page.getByRole('cell', { name: 'Removed clicks' }).waitFor();
});

test('a topic that is added again goes on where it had stopped, and that is said', async () => {
  const page = await opened();
  await page.getByLabel('Add topics').selectOption('clicks');
  await foreseen(page).getByText(/It was in the task before and goes on in clicks where it had stopped/).waitFor();
  await apply(page);
  await page.getByRole('cell', { name: /^Added again clicks, from where each had stopped/i }).waitFor();
});

test('a renamed topic goes on from here, or is copied again from the start, as is chosen', async () => {
  const page = await opened();
  await page.getByLabel('Target name of payments').fill('payments-2');
  await page.getByLabel('Target name of orders').fill('orders-2');
  await foreseen(page).getByText(/From here on into orders-2/).waitFor();
  await foreseen(page).getByText(/From here on into payments-2/).waitFor();
  await page.getByLabel('What the new target of orders gets').selectOption({ label: 'Copy again from the start' });
  await foreseen(page).getByText(/Copied again from the start into orders-2: partition 0 at 0/).waitFor();
  await apply(page);
  await page.getByRole('cell', { name: /Renamed payments to payments-2, from here on; renamed orders to orders-2, copied again from the start/i }).waitFor();
  await until(async () => (await show()).partitions.filter(({ topic }) => topic === 'orders').every(({ target_topic: target, start, position }) => target === 'orders-2' && start === 0 && position >= 20_000), 'orders is copied again', LONG_MS);
  const report = await here.host.call('task_verify', { task: demo.task_id });
  assert.equal(report.result, 'equal', report.sentence);
  const orders = report.partitions.filter(({ topic }) => topic === 'orders');
  assert.ok(orders.length === 6 && orders.every(({ target_topic: target, source_records: records }) => target === 'orders-2' && records >= 20_000));
});

test('a name that is in the way is refused before anything is changed', async () => {
  const page = await opened();
  await page.getByLabel('Target name of clicks').fill('payments');
  await foreseen(page).getByText(/The target topic 'payments' has 4 partitions/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Apply', exact: true }).isDisabled());
});
