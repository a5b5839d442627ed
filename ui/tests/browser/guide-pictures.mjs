/**
 * Takes the best of the photographed pages into the guide, with a palette instead of full colour: `npm run browser` first, then
 * `npm run guide-pictures`. Needs pngquant.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const GUIDE = resolve(import.meta.dirname, '../../../docs/guide/pictures');
const SHOTS = process.env.OUT ?? resolve(import.meta.dirname, '../../../target/screenshots');
/** Name in the guide and name among the photographs. */
const PICTURES = {
  'first-start': 'start-en-light-default',
  'pre-check-passed': 'new-task-4-passed-en-light-default',
  'pre-check-failed': 'new-task-4-failed-en-light-default',
  'source-and-target': 'new-task-1-source-en-light-default',
  objects: 'new-task-2-objects-en-light-default',
  mapping: 'new-task-3-mapping-en-light-default',
  'existing-data': 'new-task-3-existing-en-light-default',
  launch: 'new-task-5-launch-en-light-default',
  'data-sources': 'sources-en-light-default',
  'connection-test': 'source-new-failed-en-light-default',
  'data-source': 'source-overview-en-light-default',
  records: 'source-records-en-dark-default',
  rules: 'alerts-rules-en-light-default',
  'quiet-times': 'alerts-quiet-en-light-default',
  activity: 'activity-details-en-light-default',
  settings: 'settings-en-light-default',
  tasks: 'tasks-en-light-default',
  overview: 'task-overview-en-light-default',
  topics: 'task-topics-en-light-default',
  log: 'task-log-en-light-default',
  verify: 'task-verified-en-light-default',
  modify: 'task-modify-en-light-default',
};
const MOST_BYTES = 120_000;

mkdirSync(GUIDE, { recursive: true });
const only = process.argv.slice(2);
for (const [name, shot] of Object.entries(PICTURES)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const from = join(SHOTS, `${shot}.png`);
  if (!existsSync(from)) throw new Error(`${from} is missing; photograph the pages first: npm run browser`);
  const to = join(GUIDE, `${name}.png`);
  execFileSync('pngquant', ['--force', '--strip', '--speed', '1', '--quality', '60-90', '256', '--output', to, from]);
  const { size } = statSync(to);
  if (size > MOST_BYTES) throw new Error(`${to} has ${size} bytes, more than ${MOST_BYTES}`);
}
