/** A setting that an operation changed. */
export interface Changed {
  field: string;
  before: string | null;
  after: string | null;
}

/** The leaves that differ between two documents, by their paths. What is in one of them only has null on the other side. */
export function differences(before: unknown, after: unknown): Changed[] {
  const [old, now] = [leaves(before), leaves(after)];
  const fields = [...new Set([...old.keys(), ...now.keys()])].sort();
  return fields
    .map((field) => ({ field, before: old.get(field) ?? null, after: now.get(field) ?? null }))
    .filter((changed) => changed.before !== changed.after);
}

/** The sides that have something: what was made has nothing before, what was removed nothing after. */
export function sidesOf(changed: readonly Changed[]): ('before' | 'after')[] {
  return (['before', 'after'] as const).filter((side) => changed.some((change) => change[side] !== null));
}

function leaves(document: unknown): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: string) => {
    if (value === null || value === undefined || value === '') return;
    if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
      if (value.length > 0) found.set(path, value.join(', '));
    } else if (typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    } else {
      found.set(path === '' ? 'value' : path, String(value));
    }
  };
  walk(document, '');
  return found;
}
