const rules = new Intl.PluralRules('en');

/** A count with its English noun. Counts come as they are shown, with separators: only a lone 1 is singular then. */
export function counted(n: string | number, one: string, other: string): string {
  const isOne = rules.select(typeof n === 'number' ? n : n === '1' ? 1 : 2) === 'one';
  return `${n} ${isOne ? one : other}`;
}
