import type { ParityCompare } from '../../backend/bindings';

/** Principals that have another name on the target, one on each line with an arrow; the number of a line that is none. */
export function readPrincipals(text: string): { map: Record<string, string>; wrong: number | null } {
  const map: Record<string, string> = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const at = line.indexOf('=>');
    const [from, to] = [line.slice(0, at).trim(), line.slice(at + 2).trim()];
    if (at < 0 || from === '' || to === '') return { map, wrong: index + 1 };
    map[from] = to;
  }
  return { map, wrong: null };
}

/** The request for two data sources; with a task, its topics and names. */
export function request(source: string, target: string, task: string | null, principals: Record<string, string>): ParityCompare {
  return {
    source,
    target,
    task,
    kinds: [],
    topics: [],
    rename: { map: {}, regex: [], prefix: '', suffix: '' },
    principals: { map: principals, regex: [] },
    with: [],
    every_setting: false,
  };
}
