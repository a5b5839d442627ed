import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `condition` answers something true, and returns it. What it throws counts as not yet. */
export async function until(condition, what, patience = 30_000) {
  const end = Date.now() + patience;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`not within ${patience / 1000} s: ${what}${last ? ` (${last.message})` : ""}`, { cause: last });
    await sleep(50);
  }
}
