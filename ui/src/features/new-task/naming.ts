import type { Rename } from '../../backend/bindings';

/** What is wrong with a target name, or may surprise. */
export type NameProblem =
  | { kind: 'empty' | 'dots' | 'long' | 'characters' | 'self' }
  | { kind: 'twice' | 'collision'; other: string };

/** Whether the pre-check would refuse it; a collision is only worth knowing. */
export function isError(problem: NameProblem): boolean {
  return problem.kind !== 'collision';
}

/** Kafka's rule for names of topics. */
export function topicNameProblem(name: string): NameProblem | null {
  if (name === '') return { kind: 'empty' };
  if (name === '.' || name === '..') return { kind: 'dots' };
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return { kind: 'characters' };
  if (name.length > 249) return { kind: 'long' };
  return null;
}

/** A regular expression as the backend writes it, for this page; an error says why it is none. */
export function expression(pattern: string, whole: boolean): RegExp {
  const translated = pattern.replaceAll('(?P<', '(?<');
  return whole ? new RegExp(`^(?:${translated})$`) : new RegExp(translated, 'g');
}

/** Why `pattern` is no regular expression; null when it is one. */
export function patternProblem(pattern: string): string | null {
  try {
    expression(pattern, true);
    return null;
  } catch (error) {
    // “Invalid regular expression: /(/g: Unterminated group”: only the end says something.
    return error instanceof Error ? (error.message.split(': ').at(-1) ?? error.message) : String(error);
  }
}

/** The target name of `source`, as the backend will find it. A rule that is no regular expression does nothing. */
export function targetName(rename: Rename, source: string): string {
  const mapped = rename.map[source];
  if (mapped !== undefined) return mapped;
  let name = source;
  for (const rule of rename.regex) {
    if (patternProblem(rule.pattern) !== null) continue;
    name = name.replaceAll(expression(rule.pattern, false), (...found: unknown[]) => expand(rule.replacement, found));
  }
  return `${rename.prefix}${name}${rename.suffix}`;
}

/** `$1`, `${1}`, `$name` and `${name}` stand for groups, `$$` for a dollar; what names no group is left out. */
function expand(replacement: string, found: unknown[]): string {
  const last = found.at(-1);
  const named = typeof last === 'object' && last !== null ? (last as Record<string, string | undefined>) : {};
  return replacement.replaceAll(/\$(?:\$|([0-9A-Za-z_]+)|\{([^}]*)\})/g, (whole, plain?: string, braced?: string) => {
    if (whole === '$$') return '$';
    const group = plain ?? braced ?? '';
    if (/^\d+$/.test(group)) {
      const value = found[Number(group)];
      return typeof value === 'string' && Number(group) < found.length - 2 ? value : '';
    }
    return named[group] ?? '';
  });
}

/** Problems of all target names, by source name. `sameCluster`: source and target are one data source. */
export function nameProblems(routes: readonly (readonly [string, string])[], sameCluster: boolean): Map<string, NameProblem> {
  const problems = new Map<string, NameProblem>();
  const bySpelling = new Map<string, string>();
  const byMetric = new Map<string, [string, string]>();
  for (const [source, target] of routes) {
    const own = topicNameProblem(target);
    if (own) {
      problems.set(source, own);
      continue;
    }
    const other = bySpelling.get(target);
    if (other !== undefined) {
      problems.set(source, { kind: 'twice', other });
      problems.set(other, { kind: 'twice', other: source });
      continue;
    }
    bySpelling.set(target, source);
    if (sameCluster && source === target) {
      problems.set(source, { kind: 'self' });
      continue;
    }
    const metric = target.replaceAll('.', '_');
    const alike = byMetric.get(metric);
    if (alike !== undefined && !problems.has(source)) problems.set(source, { kind: 'collision', other: alike[1] });
    byMetric.set(metric, [source, target]);
  }
  return problems;
}
