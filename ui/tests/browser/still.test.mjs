import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scene, until } from './scene.mjs';

/** So long after an action nothing under the pointer may move. */
const STILL_MS = 500;
let demo;
const here = scene(async () => {
  demo = await here.demo();
});

/**
 * Acts, and follows the element under the pointer for half a second: where it is, and that it is the same one. Returns by how
 * many pixels it moved at most.
 */
async function movedBy(page, target, act) {
  await target.scrollIntoViewIfNeeded();
  const box = await target.boundingBox();
  assert.ok(box, 'it can be seen');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.evaluate(
    ([atX, atY]) => {
      const element = document.elementFromPoint(atX, atY);
      const first = element.getBoundingClientRect();
      window.moved = { most: 0, element, isOn: true };
      const look = () => {
        if (!window.moved.isOn) return;
        if (element.isConnected) {
          const now = element.getBoundingClientRect();
          window.moved.most = Math.max(window.moved.most, Math.abs(now.x - first.x), Math.abs(now.y - first.y), Math.abs(now.width - first.width), Math.abs(now.height - first.height));
        }
        requestAnimationFrame(look);
      };
      look();
    },
    [x, y],
  );
  await act();
  await page.waitForTimeout(STILL_MS);
  return page.evaluate(() => {
    window.moved.isOn = false;
    return window.moved.most;
  });
}

test('radio groups keep their size at the first focus', async () => {
  const page = await here.open({ hash: `#/tasks/${demo.task_id}/overview` });
  const range = page.getByRole('group', { name: 'Range' });
  await range.waitFor();
  const before = await range.boundingBox();
  await range.getByRole('radio').first().focus();
  await page.waitForTimeout(STILL_MS);
  assert.deepEqual(await range.boundingBox(), before);
  await page.keyboard.press('ArrowRight');
  await page.waitForTimeout(STILL_MS);
  assert.deepEqual(await range.boundingBox(), before);
});

test('a double click takes one topic, and no other slides under the pointer', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  await page.getByLabel('Task name').fill('still');
  await page.getByLabel('Source', { exact: true }).selectOption({ label: 'Demo source (Demo)' });
  await page.getByLabel('Target', { exact: true }).selectOption({ label: 'Demo target (Demo)' });
  await page.getByText(/Answers: 3 topics/).first().waitFor();
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await page.getByRole('radio', { name: /Chosen topics/ }).check();
  const left = page.getByRole('listbox', { name: 'At the source' });
  const right = page.getByRole('listbox', { name: 'To copy' });
  const first = left.getByRole('option').first();
  const name = (await first.innerText()).split('\n')[0];
  const box = await first.boundingBox();
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  const moved = await movedBy(page, first, () => page.mouse.dblclick(...middle));
  assert.equal(moved, 0);
  await right.getByRole('option', { name }).waitFor();
  await page.mouse.dblclick(...middle);
  await page.waitForTimeout(STILL_MS);
  assert.equal(await right.getByRole('option').count(), 1, 'the second double click takes no other');
  await page.mouse.move(5, 5);
  await left.getByRole('option', { name }).waitFor({ state: 'detached' });
});

test('what the pointer is on stays where it is: tabs, filters, menus, errors', async () => {
  const page = await here.open({ hash: '#/tasks/new' });
  const next = page.getByRole('button', { name: 'Next', exact: true });
  await next.waitFor();
  assert.equal(await movedBy(page, next, () => next.click()), 0, 'errors come beside their fields, and the button stays');

  await page.goto(page.url().replace(/#.*/, `#/tasks/${demo.task_id}/overview`));
  for (const tab of ['Log', 'Changes', 'Verify', 'Groups', 'Readiness', 'Settings', 'Topics', 'Overview']) {
    const link = page.getByRole('navigation').getByRole('link', { name: tab, exact: true }).or(page.getByRole('link', { name: tab, exact: true })).last();
    assert.equal(await movedBy(page, link, () => link.click()), 0, tab);
  }
  const menu = page.getByRole('button', { name: /^More actions for/ });
  assert.equal(await movedBy(page, menu, () => menu.click()), 0, 'the menu');
  await page.keyboard.press('Escape');
});

test('dialogs begin in their first field, are sent with Enter, and end with Escape', async () => {
  const page = await here.open({ hash: '#/alerts/rules' });
  await page.getByRole('button', { name: 'Add a rule' }).click();
  const dialog = page.getByRole('dialog', { name: 'New rule' });
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'INPUT', 'the first field has the focus');
  await page.keyboard.type('by Enter');
  // What is missing is said, and Enter is taken again once it is mended.
  await page.keyboard.press('Enter');
  await dialog.getByText('Choose at least one channel.').waitFor();
  await dialog.getByLabel('Desktop').check();
  await dialog.getByLabel('Name', { exact: true }).focus();
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await until(async () => (await here.host.call('rule_list')).some((rule) => rule.name === 'by Enter'), 'the rule is kept');
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('unsaved quiet hours are there again after another page was shown', async () => {
  const page = await here.open({ hash: '#/alerts/quiet' });
  await page.getByRole('button', { name: /Add/ }).first().click();
  await page.getByLabel('From').first().fill('21:15');
  await page.getByText('Not saved yet').waitFor();
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByRole('heading', { name: 'Activity', level: 1 }).waitFor();
  await page.goBack();
  await until(async () => (await page.getByLabel('From').first().inputValue()) === '21:15', 'they are as they were entered');
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByText('Not saved yet').waitFor({ state: 'detached' });
});

test('numbers that come in move nothing, on any page of a running task and of what lists it', async () => {
  await here.host.call('task_check', { task: demo.task_id });
  await here.host.call('task_start', { task: demo.task_id, confirm: null });
  const caughtUp = async () => (await here.host.call('task_show', { task: demo.task_id })).stages.every(({ status }) => status !== 'waiting');
  await until(caughtUp, 'the demo copies what arrives', 60_000);
  await here.host.call('cutover_plan', { task: demo.task_id, groups: [], fence: 'none', silence_seconds: 1, follow: true });
  const page = await here.open({ hash: '#/tasks' });
  const of = (part) => `#/tasks/${demo.task_id}/${part}`;
  const source = (part) => `#/sources/${demo.source_id}${part}`;
  const shown = ['#/tasks', '#/sources', '#/alerts/rules', '#/settings', source(''), source('/topics'), source('/groups')];
  const parts = ['overview', 'topics', 'gaps', 'changes', 'verify', 'groups', 'readiness', 'settings', 'cutover'];
  const moved = [];
  for (const hash of [...parts.map(of), ...shown]) {
    await page.goto(`${here.host.url}/${hash}`);
    await page.locator('main h1').first().waitFor();
    await page.waitForLoadState('networkidle').catch(() => undefined);
    await page.waitForTimeout(1500);
    // A click must find what it was aimed at, however many numbers change meanwhile. The marks of a chart go with its time.
    const most = await page.evaluate(async (watchMs) => {
      const targets = [...document.querySelectorAll('main :is(button, a, input, select, textarea, th, h1, h2, [role=tab], [role=columnheader])')].filter((element) => element.checkVisibility() && !element.closest('figure'));
      const first = targets.map((element) => element.getBoundingClientRect());
      const found = new Map();
      const began = performance.now();
      while (performance.now() - began < watchMs) {
        await new Promise((done) => requestAnimationFrame(done));
        for (const [at, element] of targets.entries()) {
          const name = `${element.tagName} ${(element.getAttribute('aria-label') ?? element.innerText).slice(0, 40)}`;
          if (!element.isConnected) found.set(name, 'gone');
          else {
            const now = element.getBoundingClientRect();
            const by = Math.max(Math.abs(now.x - first[at].x), Math.abs(now.y - first[at].y), Math.abs(now.width - first[at].width), Math.abs(now.height - first[at].height));
            if (by > 0 && found.get(name) !== 'gone') found.set(name, Math.max(by, found.get(name) ?? 0));
          }
        }
      }
      return [...found].map(([name, by]) => `${name}: ${by}`);
    }, 2500);
    if (most.length > 0) moved.push(`${hash}: ${most.join('; ')}`);
  }
  assert.deepEqual(moved, []);
});
