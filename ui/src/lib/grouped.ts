/** A whole number with its thousands apart, the same wherever the window shows one. */
export function grouped(n: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(n).replaceAll(',', '\u202f');
}
