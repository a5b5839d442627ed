/** A cut-over as the guide tells it: the demo's copy, whose producers are stopped, and groups that have not read everything. */
import { taskSettings, until } from './scene.mjs';

const COPIED_MS = 60_000;

/** Presses a button that is not busy: while a step is carried out a press does nothing. */
export const press = (within, name) =>
  within
    .getByRole('button', { name, exact: true })
    .and(within.locator(':not([aria-busy])'))
    .click({ timeout: 60_000 });

/** A task of the demo's topics that has copied everything, with a verification behind it. */
export async function copied(here) {
  const demo = await here.demo();
  await here.host.fault('stop_producer');
  const settings = taskSettings('Shop to the new cluster', demo.source_id, demo.target_id, { objects: { topics: ['clicks', 'orders', 'payments'] } });
  const task = (await here.host.call('task_create', { settings })).id;
  await here.host.call('task_check', { task });
  await here.host.call('task_start', { task, confirm: null });
  const isCopied = async () => (await here.host.call('task_groups', { task })).groups.every(({ partitions }) => partitions.every(({ result }) => result === 'exact'));
  await until(async () => (await here.host.call('task_show', { task })).lag_records === 0 && (await isCopied()), 'everything is copied', COPIED_MS);
  await here.host.call('task_verify', { task });
  return { ...demo, task };
}

/** What is kept of the task's cut-over, or of the way back. */
export const cutoverOf = async (here, task) => (await here.host.call('cutover_status', { task })).cutover;

/** Carries the cut-over on until it stands at `step`; what holds it is overruled, if that is wanted. */
export async function carryOnTo(here, task, step, overrules = true) {
  for (let tries = 0; tries < 30; tries += 1) {
    const now = await cutoverOf(here, task);
    if (now.step === step || now.state !== 'open') return now;
    const held = now.held?.answers.map(({ question }) => question) ?? [];
    if (held.length > 0 && !overrules) return now;
    const { busy } = await here.host.call('cutover_next', { task, overrule: held });
    // A page that is told so has nothing that would tell it otherwise.
    if (busy) throw new Error(`the step ${now.step} is carried out and said to go on`);
  }
  throw new Error(`the cut-over never came to ${step}`);
}
