import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { APP, COMPANION, scene } from './scene.mjs';

const here = scene();

test('a data folder that another program has is a page that says so, and the program goes on when it is free', async () => {
  const daemon = spawn(COMPANION, ['daemon', '--data', here.data], { stdio: ['ignore', 'ignore', 'pipe'] });
  await once(createInterface({ input: daemon.stderr }), 'line');
  await here.open();
  await here.window.see('Another program has the data folder');
  await here.window.see(/is in use by sluice daemon/);
  await here.window.picture('trouble-owned');

  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  await here.window.click('button', 'Try again');
  await here.window.see('Copy Kafka topics from one cluster to another');
  await here.window.picture('after-again');
  // The terminal companion is answered by the window now.
  const answers = await run(COMPANION, ['source', 'list', '--data', here.data, '--json']);
  assert.equal(answers.code, 0, answers.err);
  process.kill(here.window.pid, 'SIGTERM');
  await here.window.ended();
});

test('a damaged database is a page with cause and remedy', async () => {
  const data = join(here.home, 'damaged');
  mkdirSync(data);
  writeFileSync(join(data, 'sluice.db'), 'this is no database, however long it may be. '.repeat(100));
  await here.open('--data', data);
  await here.window.see('The data folder cannot be used');
  await here.window.see(/is damaged or is not a database/);
  await here.window.picture('trouble-damaged');
  await here.window.clickToEnd('button', 'Quit');
  await here.window.ended();
  rmSync(data, { recursive: true });
});

test('without a display it says what to do instead', async () => {
  const { DISPLAY: _, WAYLAND_DISPLAY: __, ...env } = process.env;
  const { code, err } = await run(APP, [], { ...env, ...here.env });
  assert.equal(code, 1);
  assert.match(err, /there is no display .*sluice demo/);
});

async function run(program, args, env = process.env) {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  const [code] = await once(child, 'close');
  return { code, out, err };
}
