import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carryOnTo, copied, cutoverOf, press } from './moving.mjs';
import { scene, until } from './scene.mjs';

let demo;
const here = scene(async () => {
  demo = await here.demo();
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  await until(async () => (await here.host.call('task_show', { task: demo.task_id })).state === 'running', 'the demo runs', 60_000);
});

const address = () => `#/tasks/${demo.task_id}/cutover`;
const kept = async () => (await here.host.call('cutover_status', { task: demo.task_id })).cutover;

/** Carries the cut-over on by one step, whatever questions of the demo's clusters hold it. */
async function carryOn(step) {
  for (let tries = 0; tries < 4; tries += 1) {
    const now = await kept();
    if (now.step !== step) return;
    await here.host.call('cutover_next', { task: demo.task_id, overrule: now.held?.answers.map(({ question }) => question) ?? [] });
  }
}

test('a cut-over is planned on its page, which shows what Sluice does and what applications see', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}` });
  await page.getByRole('link', { name: 'Cut-over' }).click();
  await page.getByRole('heading', { name: 'Plan a cut-over' }).waitFor();
  await page.getByText(/An authorisation error ends most producers/).waitFor();
  await page.getByLabel('Silence is watched for').fill('1');
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  const table = page.getByRole('region', { name: /^Cut-over of/ });
  await table.getByText('Commits each group’s position on the target').waitFor();
  assert.equal(await table.getByRole('row').count(), 11, 'a head and ten steps');
  await table.getByText('Clients start with the target’s address').waitFor();
  const current = table.locator('tr[aria-current=step]');
  assert.match(await current.innerText(), /2\. Rehearse/);
  assert.equal((await kept()).step, 'rehearse');
});

test('in Chinese the table and its buttons are Chinese', async () => {
  const page = await here.open({ language: 'zh', hash: address() });
  await page.getByRole('button', { name: '演练', exact: true }).waitFor();
  await page.getByText('在目标上提交每个消费组的位移，并比较两侧的下一条记录').waitFor();
  await page.getByText('客户端改用目标的地址启动').waitFor();
});

test('a producer that has not stopped holds the cut-over, and the question can be overruled by name', async () => {
  await carryOn('rehearse');
  const page = await here.open({ hash: address() });
  await press(page, 'The producers are stopped');
  await press(page, 'Prove silence');
  // The demo writes on.
  const held = page.getByRole('region', { name: 'What holds it' });
  await held.getByText('source_silent', { exact: true }).first().waitFor({ timeout: 60_000 });
  await held.getByText('What you overrule is kept in the report with your name.').waitFor();
  const boxes = held.getByRole('checkbox');
  for (let index = 0; index < (await boxes.count()); index += 1) await boxes.nth(index).check();
  await press(held, 'Overrule and go on');
  await until(async () => (await kept()).step === 'drain', 'silence is overruled', 60_000);
  assert.ok((await kept()).overruled.some(({ question, counts }) => question === 'source_silent' && counts));
  await page.getByRole('button', { name: 'Drain' }).waitFor();
});

test('the report is exported, and giving up leads back to the plan', async () => {
  const page = await here.open({ hash: address() });
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Report as HTML' }).click()]);
  assert.match(download.suggestedFilename(), /co-\w+\.html$/);
  await page.getByRole('button', { name: 'Give up' }).click();
  await page.getByRole('dialog', { name: 'Give this cut-over up?' }).getByRole('button', { name: 'Give up' }).click();
  await page.getByText('Given up before the switch').waitFor();
  assert.equal((await here.host.call('task_show', { task: demo.task_id })).state, 'running');
  await page.getByRole('button', { name: 'Plan another one' }).click();
  await page.getByRole('heading', { name: 'Plan a cut-over' }).waitFor();
});

test('a stage is chosen from the groups that read the topics', async () => {
  const page = await here.open({ hash: address() });
  await page.getByRole('button', { name: 'Plan another one' }).click();
  await page.getByRole('radio', { name: /^Some first/ }).check();
  const plan = page.getByRole('button', { name: 'Plan', exact: true });
  await page.getByText('0 of 2 chosen').waitFor();
  assert.ok(await plan.isDisabled(), 'there is nothing to plan');
  await page.getByRole('checkbox', { name: 'recommendations' }).check();
  await page.getByText('1 of 2 chosen').waitFor();
  await plan.click();
  await page.getByRole('region', { name: /^Cut-over of/ }).waitFor();
  assert.deepEqual((await kept()).groups, ['recommendations']);
});

test('a cut-over is walked to its window and back again, and each button leads to the next step', async () => {
  const { task } = await copied(here);
  const page = await here.open({ hash: `#/tasks/${task}/cutover` });
  const step = async () => (await cutoverOf(here, task)).step;
  await page.getByLabel('Silence is watched for').fill('1');
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  for (const [button, to] of [
    ['Rehearse', 'stop_producers'],
    ['The producers are stopped', 'prove_silence'],
    ['Prove silence', 'drain'],
  ]) {
    await press(page, button);
    await until(async () => (await step()) === to, `${button} leads to ${to}`, 60_000);
  }
  // The demo's groups have not read everything.
  await press(page, 'Drain');
  const held = page.getByRole('region', { name: 'What holds it' });
  await held.getByRole('checkbox', { name: /groups_drained/ }).check({ timeout: 60_000 });
  await press(held, 'Overrule and go on');
  await until(async () => (await step()) === 'verify', 'the question is overruled', 60_000);
  await carryOnTo(here, task, 'window');
  await page.locator('tr[aria-current=step]').getByText('9. Window').waitFor({ timeout: 60_000 });
  await press(page, 'Let the old side follow');
  await until(async () => (await cutoverOf(here, task)).following, 'the old side follows', 60_000);

  await press(page, 'Go back');
  await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
  await page.getByText(/The way back of co-/).waitFor({ timeout: 60_000 });
  await press(page, 'Rehearse');
  await page.locator('tr[aria-current=step]').getByText('3. Stop producers').waitFor({ timeout: 60_000 });
  await carryOnTo(here, task, 'window');
  const back = await cutoverOf(here, task);
  assert.ok(back.step === 'window' || back.state !== 'open', JSON.stringify(back.held));
});
