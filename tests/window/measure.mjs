/**
 * Measures what a person waits for: from the start of the program to a page that takes clicks, and what the window costs when
 * nothing happens. Run by `tests/window/run tests/window/measure.mjs`; prints one line of JSON.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from './processes.mjs';
import { APP } from './scene.mjs';
import { until } from './until.mjs';

const STARTS = Number(process.env.STARTS ?? 7);
const IDLE_SECONDS = Number(process.env.IDLE_SECONDS ?? 30);
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

const home = mkdtempSync(join(tmpdir(), 'sluice-measure-'));
const env = { ...process.env, HOME: home, XDG_STATE_HOME: join(home, 'state'), XDG_CONFIG_HOME: join(home, '.config'), SLUICE_LOG: 'info' };
const logs = join(home, 'state', 'sluice', 'logs');

/** Lines of the program's log. */
const lines = () =>
  readdirSync(logs)
    .flatMap((file) => readFileSync(join(logs, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A process and everything it started. */
const family = (pid) => [pid, ...childrenOf(pid).flatMap(family)];

/** Seconds of processor time that processes have used. */
function seconds(pids) {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS;
  }, 0);
}

const memory = (pids) =>
  pids.reduce((sum, pid) => sum + Number(/Pss:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0), 0) / 1024;

const starts = [];
let idle;
try {
  for (let number = 1; number <= STARTS; number += 1) {
    const begun = Date.now();
    const child = spawn(APP, process.argv.slice(2), { env, stdio: 'ignore' });
    const ready = await until(() => lines().find(({ timestamp, fields }) => fields.message === 'the page is usable' && Date.parse(timestamp) >= begun), 'the page is usable');
    starts.push(Date.parse(ready.timestamp) - begun);
    if (number === STARTS) {
      await sleep(5_000);
      const pids = family(child.pid);
      const before = seconds(pids);
      await sleep(IDLE_SECONDS * 1000);
      idle = { percent: ((seconds(pids) - before) * 100) / IDLE_SECONDS, memory_mb: memory(pids) };
    }
    child.kill('SIGTERM');
    await new Promise((done) => child.on('exit', done));
  }
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
}
console.log(JSON.stringify({ first_start_ms: starts[0], later_starts_ms: starts.slice(1), idle_percent: idle.percent, memory_mb: idle.memory_mb }));
