/** What the tests of the window share: a home of its own, the desktop, the window. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Desktop } from './desktop.mjs';
import { until } from './until.mjs';
import { Window } from './webdriver.mjs';

const RELEASE = join(process.env.CARGO_TARGET_DIR ?? new URL('../../target', import.meta.url).pathname, 'release');

export const APP = process.env.APP ?? join(RELEASE, 'sluice-desktop');
export const COMPANION = join(RELEASE, 'sluice');
export const GROUND = join(RELEASE, 'testground');
/** Where pictures and logs go. */
export const OUT = process.env.OUT ?? new URL('../../target/screenshots/window', import.meta.url).pathname;

/** A desktop, a window and a home of its own, for the tests of one file. */
export function scene(prepare = async () => {}) {
  const here = { desktop: new Desktop(), window: new Window(OUT) };
  before(async () => {
    here.home = mkdtempSync(join(tmpdir(), 'sluice-window-'));
    here.env = {
      HOME: here.home,
      XDG_STATE_HOME: join(here.home, 'state'),
      XDG_CONFIG_HOME: join(here.home, '.config'),
      XDG_DATA_HOME: join(here.home, 'share'),
      LANG: 'C.UTF-8',
    };
    here.data = join(here.env.XDG_STATE_HOME, 'sluice');
    mkdirSync(OUT, { recursive: true });
    await here.desktop.start(join(RELEASE, 'fake-desktop'));
    await prepare(here);
  });
  after(() => {
    here.window.kill();
    here.desktop.end();
    rmSync(here.home, { recursive: true, force: true, maxRetries: 5 });
  });
  /** Starts the program and has its window. */
  here.open = (...args) => here.window.start(APP, args, here.env);
  return here;
}

/** Adds a cluster by the form of data sources, and tests the connection before. */
export async function addCluster(window, name, bootstrap) {
  await window.go('#/sources/new');
  await window.type('Name', name);
  await window.type('Bootstrap servers', bootstrap);
  await window.click('button', 'Test connection');
  await window.see('Connection successful');
  await window.click('button', 'Save');
  await until(async () => (await window.call('source_list')).some((row) => row.form.name === name), `${name} is saved`);
  // It goes to the page of what was saved by itself.
  await until(async () => /#\/sources(\/ds-.*)?$/.test(await window.run('return location.hash')), 'the form is left');
}
