/** The development host: the real application behind HTTP on loopback, with a folder of its own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const UI = resolve(import.meta.dirname, '../..');
/** Where programs and pictures are made: beside the tree, unless it is said elsewhere. */
export const TARGET = process.env.CARGO_TARGET_DIR ?? resolve(UI, '../target');
const START_MS = 20_000;
const END_MS = 20_000;

/** Starts a host; `end()` stops it and removes its folder, `stop()` and `restart()` keep the folder. */
export async function startHost() {
  const data = await mkdtemp(join(tmpdir(), 'sluice-browser-'));
  let running = await launch(data, 0);
  const port = Number(new URL(running.url).port);
  const host = {
    url: running.url,
    data,
    /** Gives a command to the application. */
    call: (name, request = {}) => host.callAt('', name, request),
    /** Gives a command to what a page with this `query` shows. */
    async callAt(query, name, request = {}) {
      const response = await fetch(`${host.url}/rpc/${name}${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
      });
      const answer = await response.json();
      if (!response.ok) throw new Error(`${name}: ${answer.message}`);
      return answer;
    },
    /** Lets something go wrong with the demonstration's clusters; see `crates/devhost/src/faults.rs`. */
    async fault(kind, more = {}) {
      const response = await fetch(`${host.url}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind, ...more }),
      });
      if (!response.ok) throw new Error(`${kind}: ${await response.text()}`);
    },
    stop: () => running.end(),
    async restart() {
      running = await launch(data, port);
    },
    async end() {
      await running.end();
      await rm(data, { recursive: true, force: true });
    },
  };
  return host;
}

async function launch(data, port) {
  const program = process.env.SLUICE_DEVHOST ?? join(TARGET, 'release', process.platform === 'win32' ? 'sluice-devhost.exe' : 'sluice-devhost');
  if (!existsSync(program)) throw new Error(`${program} is missing; build it with: cargo build --release -p sluice-devhost`);
  const dist = process.env.SLUICE_PAGE ?? join(UI, 'dist-http');
  if (!existsSync(join(dist, 'index.html'))) throw new Error(`${dist} is missing; build the page with: npm run build:http`);
  const child = spawn(program, ['--port', String(port), '--data', data, '--ui', dist], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.once('exit', done));
  const url = await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('the host did not say its address')), START_MS);
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const found = /http:\/\/[\d.]+:\d+/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      done(found[0]);
    });
    child.once('exit', (code) => fail(new Error(`the host ended with ${code}`)));
  });
  return {
    url,
    async end() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
