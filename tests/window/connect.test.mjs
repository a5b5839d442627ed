/** A task that runs on a Kafka Connect cluster, in the real window. The tests tell one story, in order. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Cluster, ConnectWorker } from './clusters.mjs';
import { addCluster, GROUND, scene } from './scene.mjs';
import { until } from './until.mjs';

let source;
let target;
let worker;
let task;

const here = scene(async ({ home }) => {
  [source, target] = await Promise.all(['source', 'target'].map((name) => Cluster.start(GROUND, join(home, `${name}.json`))));
  [worker] = await Promise.all([ConnectWorker.start(GROUND, join(home, 'worker.json'), target.bootstrap), source.createTopic('orders', 3)]);
  await source.produce('orders', 3000, 3);
});
const { window } = here;
after(() => Promise.all([worker?.stop(), source?.stop(), target?.stop()]));

const shown = () => window.call('task_show', { task });
const equal = async (records) => {
  const report = await window.call('task_verify', { task });
  assert.deepEqual([report.result, report.source_records], ['equal', records]);
};

test('a Connect cluster is added, and its test says version, connectors and which Kafka it stands on', async () => {
  await here.open();
  await window.see('Connect your cluster');
  await addCluster(window, 'old kafka', source.bootstrap);
  await addCluster(window, 'new kafka', target.bootstrap);
  await window.go('#/sources/new');
  await window.click('radio', /^Connect cluster/);
  await window.type('Name', 'workers');
  await window.type('Addresses', worker.url);
  await window.click('button', 'Test connection');
  await window.see('Connection successful', { patience: 60_000 });
  await window.picture('connect-1-source');
  await window.click('button', 'Save');
  await until(async () => (await window.call('source_list')).some((row) => row.form.name === 'workers'), 'it is saved');
});

test('the wizard makes a task that runs there, and the pre-check says what is lost', async () => {
  await window.go('#/tasks/new');
  await window.type('Task name', 'by the workers');
  await window.choose('Source', 'old kafka (Development)');
  await window.choose('Target', 'new kafka (Development)');
  await window.choose('Runs on', 'workers (Connect)');
  await window.picture('connect-2-wizard');
  await window.click('button', 'Next');
  await window.click('radio', /Chosen topics/);
  await window.click('option', /orders/);
  await window.click('button', 'Copy the selected topics');
  await window.click('button', 'Next');
  await window.click('button', 'Save and check');
  await window.see(/^May start/, { patience: 60_000 });
  await window.picture('connect-3-pre-check');
  await window.click('button', 'Next');
  await window.picture('connect-4-launch');
  await window.click('button', 'Start replication');
  [{ id: task }] = (await window.call('task_list', {})).tasks;
  await until(async () => (await shown()).lag_records === 0, 'it has caught up', 120_000);
  await window.see('Records per second');
  await window.picture('connect-5-running');
  await equal(3000);
});

test('moved to this computer it goes on where the workers were', async () => {
  await window.click('button', 'Pause');
  await until(async () => (await shown()).state === 'paused', 'it is paused', 60_000);
  await source.produce('orders', 300, 3);
  await window.go(`#/tasks/${task}/settings`);
  await window.choose('Runs on', 'This computer');
  await window.picture('connect-6-move');
  await window.click('button', 'Move');
  await until(async () => (await shown()).settings.run_on === null, 'it is moved', 60_000);
  await window.click('button', 'Resume');
  await until(async () => (await shown()).lag_records === 0, 'it has caught up', 120_000);
  await equal(3300);
});
