import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { TARGET } from './host.mjs';
import { scene, sourceForm, taskSettings, until } from './scene.mjs';

/** Longer than it takes until a connection is tried again. */
const RECONNECT_MS = 60_000;

/** A server of ssh that the host knows as `place`; null where there is no OpenSSH, which it says itself. */
async function startServer() {
  const program = join(TARGET, 'release', process.platform === 'win32' ? 'ssh-place.exe' : 'ssh-place');
  if (!existsSync(program)) throw new Error(`${program} is missing; build it with: cargo build --release -p sluice-tests`);
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('exit', done));
  for await (const line of createInterface({ input: child.stdout })) {
    const server = JSON.parse(line);
    return {
      ...server,
      async clients() {
        return (await readFile(join(server.dir, 'processes'), 'utf8')).trim().split('\n').map(Number);
      },
      async end() {
        child.stdin.end();
        await ended;
      },
    };
  }
  return null;
}

const server = await startServer();
if (server) process.env.SLUICE_SSH = server.client;
const skip = server === null;
const here = skip ? null : scene();
let daemon = null;

async function endDaemon() {
  if (!daemon) return;
  const ended = new Promise((done) => daemon.once('exit', done));
  daemon.kill('SIGTERM');
  await ended;
  daemon = null;
}

after(async () => {
  await endDaemon();
  await server?.end();
});

/** Gives a command to the place. */
const there = (place, name, request) => here.host.callAt(`?place=${place}`, name, request);

async function chooses(page, name) {
  await page.getByRole('navigation').getByRole('button', { name: /Place/ }).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
}

test('a place is added, tested and shown, with its name and colour in sight', { skip }, async () => {
  const page = await here.open({ hash: '#/tasks' });
  await chooses(page, 'Places…');
  await page.getByText('No place yet').waitFor();
  await page.getByText('systemctl --user daemon-reload').waitFor();
  await page.getByRole('button', { name: 'Add a place' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Host').fill('-oProxyCommand=x');
  await dialog.getByLabel('Name').fill('Frankfurt');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('must not begin with').waitFor();
  await dialog.getByLabel('Host').fill('nowhere');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByText('cannot be reached').waitFor();
  await dialog.getByLabel('Host').fill('place');
  await dialog.getByText('Red', { exact: true }).click();
  await dialog.getByRole('button', { name: 'Test' }).click();
  await dialog.getByText('Connected', { exact: true }).waitFor();
  await dialog.getByText(`Data folder: ${server.folder}`).waitFor();
  await dialog.getByText('Nothing runs the tasks of this place').waitFor();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: /Frankfurt/ }).waitFor();

  await chooses(page, 'Frankfurt');
  await page.getByRole('navigation').getByRole('button', { name: /Frankfurt/ }).waitFor();
  await page.getByRole('status', { name: 'Connection' }).getByText('Nothing runs the tasks of this place').waitFor();
  await page.locator('nav.far').waitFor();
  // The demonstration is of this computer.
  assert.equal(await page.getByRole('button', { name: 'Start the demo' }).count(), 0);
});

test('what is done in a place is done there, and nothing of it here', { skip }, async () => {
  const [{ id: place }] = await here.host.call('place_list');
  daemon = spawn(server.companion, ['daemon', '--data', server.folder], { stdio: 'ignore' });
  const page = await here.open({ hash: '#/sources' });
  await page.evaluate((id) => localStorage.setItem('page.place', id), place);
  await page.reload();
  await page.getByText('No data source yet').waitFor();
  await until(async () => (await there(place, 'app_info')).runs_tasks, 'the daemon has the folder');
  await page.getByRole('status', { name: 'Connection' }).waitFor({ state: 'detached' });
  // Events of the daemon come through ssh.
  await there(place, 'source_add', { form: sourceForm('of the place', '127.0.0.1:1'), secrets: {} });
  await page.getByRole('link', { name: 'of the place' }).waitFor();
  assert.deepEqual(await here.host.call('source_list'), []);
  // The window's own settings stay here.
  await page.goto(`${here.host.url}/#/settings`);
  await page.getByText('Dark', { exact: true }).click();
  await until(async () => (await here.host.call('settings_show')).values['page.theme'] === 'dark', 'the theme is kept here');
  assert.deepEqual(await there(place, 'settings_show').then(({ values }) => values['page.theme']), 'dark');
  await chooses(page, 'This computer');
  await page.getByRole('navigation').getByRole('button', { name: /This computer/ }).waitFor();
  assert.equal(await page.locator('nav.far').count(), 0);
});

test('a connection that is lost is shown, retried, and nothing is missed', { skip }, async () => {
  const [{ id: place }] = await here.host.call('place_list');
  const page = await here.open({ hash: '#/sources' });
  await page.evaluate((id) => localStorage.setItem('page.place', id), place);
  await page.reload();
  await page.getByRole('link', { name: 'of the place' }).waitFor();
  // Without its keys no connection comes about; this is mended before the person tries again.
  const keys = join(server.dir, 'authorized_keys');
  await rename(keys, `${keys}.away`);
  process.kill((await server.clients()).at(-1), 'SIGKILL');
  const banner = page.getByRole('status', { name: 'Connection' });
  await banner.getByText('refuses the login').waitFor({ timeout: RECONNECT_MS });
  // What was shown stays.
  await page.getByRole('link', { name: 'of the place' }).waitFor();
  await rename(`${keys}.away`, keys);
  await banner.getByRole('button', { name: 'Try now' }).click();
  await banner.waitFor({ state: 'detached', timeout: RECONNECT_MS });
  await there(place, 'source_add', { form: sourceForm('after the break', '127.0.0.1:1'), secrets: {} });
  await page.getByRole('link', { name: 'after the break' }).waitFor();
  // One that passes is retried by itself.
  process.kill((await server.clients()).at(-1), 'SIGKILL');
  await banner.waitFor();
  await banner.waitFor({ state: 'detached', timeout: RECONNECT_MS });
  await there(place, 'source_remove', { source: 'after the break' });
  await page.getByRole('link', { name: 'after the break' }).waitFor({ state: 'detached' });
});

test('tasks run there, and their alerts are shown by the desktop here', { skip }, async () => {
  const [{ id: place }] = await here.host.call('place_list');
  const demo = await here.demo();
  const added = async (name, form) => (await there(place, 'source_add', { form: sourceForm(name, form.bootstrap), secrets: {} })).id;
  const [source, target] = [await added('shop', demo.source.form), await added('copy', demo.target.form)];
  await there(place, 'rule_put', {
    rule: {
      id: '', name: 'Done', task_id: null, condition: { kind: 'completed' }, channel_ids: ['desktop'], enabled: true, builtin: false, notify_recovery: false,
      repeat_seconds: null,
    },
  });
  const task = await there(place, 'task_create', {
    settings: taskSettings('Through the place', source, target, { objects: { topics: ['payments'] }, bounded: true }),
  });
  const report = await there(place, 'task_check', { task: task.id });
  assert.ok(report.may_start, JSON.stringify(report.items.filter(({ result }) => result === 'failed')));
  await there(place, 'task_start', { task: task.id, confirm: null });
  const page = await here.open();
  await page.evaluate((id) => localStorage.setItem('page.place', id), place);
  await page.goto(`${here.host.url}/#/tasks/${task.id}`);
  await page.reload();
  await page.getByRole('heading', { name: 'Through the place' }).waitFor();
  await until(async () => (await there(place, 'task_show', { task: task.id })).state === 'completed', 'the task is completed', 60_000);
  const shown = () => fetch(`${here.host.url}/notifications`).then((answer) => answer.json());
  await until(async () => (await shown()).some(({ title }) => title.startsWith('Frankfurt: ')), 'the alert is shown with the name of the place', 60_000);
});

test('a place that was removed is left', { skip }, async () => {
  const [{ id: place }] = await here.host.call('place_list');
  const page = await here.open();
  await page.evaluate((id) => localStorage.setItem('page.place', id), place);
  await page.goto(`${here.host.url}/#/places`);
  await page.reload();
  await page.getByRole('button', { name: 'Actions for Frankfurt' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('navigation').getByRole('button', { name: /This computer/ }).waitFor();
  assert.deepEqual(await here.host.call('place_list'), []);
});
