import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_TASKS, scene, until } from './scene.mjs';

const here = scene();

test('a newcomer has a running copy of the demo within a minute, and can prove that it is equal', async (context) => {
  const began = Date.now();
  const page = await here.open({ hash: '#/tasks' });
  await page.getByRole('button', { name: 'Start the demo' }).click();

  await page.getByText(/May start: all \d+ items passed/).waitFor();
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.getByText('3 topics will be created on Demo target.').waitFor();
  await page.getByRole('button', { name: 'Start replication' }).click();
  // The copy's best moments are seen: the task's page, with its cells filling, and a message.
  await page.getByText(/is launched and goes on in the background/).waitFor();
  await page.waitForURL(/#\/tasks\/[^/]+\/overview$/);
  assert.ok(Date.now() - began < 60_000, 'within a minute');

  const { tasks } = await here.host.call('task_list', ALL_TASKS);
  const [task] = tasks;
  const full = async () => (await here.host.call('task_show', { task: task.id })).stages.find(({ name }) => name === 'full');
  await until(async () => (await full()).status === 'running', 'the backlog is being copied');
  const launched = Date.now();
  await until(
    async () => {
      const view = await here.host.call('task_show', { task: task.id });
      return view.stages.every((stage) => stage.name === 'incremental' || stage.status === 'done' || stage.status === 'skipped');
    },
    'the backlog is copied',
    60_000,
  );
  context.diagnostic(`the backlog took ${((Date.now() - launched) / 1000).toFixed(1)} s`);
  assert.ok(Date.now() - launched > 10_000, 'it can be watched');
  await page.getByRole('link', { name: 'Verify' }).click();
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByRole('heading', { name: 'Equal', exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText('18 of 18 partitions are equal').waitFor();
});
