import { readFileSync, readdirSync } from 'node:fs';

/** State and parent of a process; null when there is none. */
function stat(pid) {
  try {
    // The name in brackets may hold anything.
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** Whether a process lives. One that only waits to be asked how it ended does not. */
export function isAlive(pid) {
  const found = stat(pid);
  return found !== null && found.state !== 'Z';
}

/** Processes that `pid` started. */
export function childrenOf(pid) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && stat(name)?.parent === pid)
    .map(Number);
}
