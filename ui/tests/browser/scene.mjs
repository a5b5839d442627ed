/** A host and a browser for one test file, closed at its end. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { openPage, PATIENCE_MS, startBrowser } from './browser.mjs';
import { startHost } from './host.mjs';

/** Everything a test file works with; filled before its first test. `prepare` runs when host and browser are there. */
export function scene(prepare = async () => {}) {
  const here = {
    host: null,
    browser: null,
    contexts: [],
    /** Opens a window; it is closed at the end of the file, and must have thrown nothing by then. */
    async open(options) {
      const opened = await openPage(here.browser, here.host, options);
      here.contexts.push(opened);
      return opened.page;
    },
    demo: () => demoOf(here.host),
  };
  before(async () => {
    here.host = await startHost();
    here.browser = await startBrowser();
    await prepare();
  });
  after(async () => {
    const faults = here.contexts.flatMap((opened) => opened.faults);
    await here.browser?.close();
    await here.host?.end();
    assert.deepEqual(faults, [], 'no page may throw or log an error');
  });
  return here;
}

/** Starts the demo's clusters, and waits until both answer. */
export async function demoOf(host) {
  const demo = await host.call('demo_start');
  const sources = await host.call('source_list');
  const named = (id) => sources.find((source) => source.id === id);
  return { ...demo, source: named(demo.source_id), target: named(demo.target_id) };
}

/** Waits until `look` answers something true, and answers it. */
export async function until(look, what, patience = PATIENCE_MS) {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A query for all tasks. */
export const ALL_TASKS = { states: [], text: null, source: null, target: null, order: null, offset: 0, limit: null };

/** Settings of a task with every choice at its default. */
export function taskSettings(name, source, target, more = {}) {
  return {
    name,
    source,
    target,
    objects: { topics: ['orders'] },
    rename: { map: {}, regex: [], prefix: '', suffix: '' },
    start: 'earliest',
    start_overrides: {},
    existing: 'stop',
    delivery: 'exactly-once',
    out_of_range: 'stop',
    spec: 'xlarge',
    rate: { records_per_second: null, bytes_per_second: null },
    replication_factor: null,
    compression: 'auto',
    bounded: false,
    ...more,
  };
}

/** What a person enters for a cluster. */
export function sourceForm(name, bootstrap, more = {}) {
  return {
    name,
    environment: { name: 'Development', colour: '#2e7d32' },
    read_only: false,
    note: '',
    bootstrap,
    protocol: 'PLAINTEXT',
    mechanism: null,
    username: null,
    oauth: { token_endpoint: null, client_id: null, scope: null },
    aws: { region: null, profile: null, role_arn: null, session_name: null, external_id: null },
    kerberos: { service_name: null, principal: null, keytab: null },
    ca_file: null,
    certificate_file: null,
    key_file: null,
    verify_host_name: true,
    address_map: '',
    proxy: null,
    proxy_user: null,
    client_id: null,
    extra: {},
    ...more,
  };
}

/** The tag of clusters where mistakes cost most. */
export const PRODUCTION = { environment: { name: 'Production', colour: '#c62828' } };
