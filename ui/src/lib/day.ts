/** A local moment that was entered. */
export interface Entered {
  at: Date;
  /** What was entered last of it. */
  to: 'day' | 'minute' | 'second';
}

/** A moment or a span that was entered, in ms since 1970. */
export interface Day {
  first: number;
  /** Where it is over: of a date without a time of day, when the next one begins. */
  behind: number;
}

/** Reads a local date, `2026-01-31`, with or without a time of day; null when it is none. */
export function readMoment(text: string): Entered | null {
  const found = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(text.trim());
  if (!found) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1).map((part) => Number(part ?? 0));
  const at = new Date(year, month - 1, day, hour, minute, second);
  // The 31st of a month that has 30 days is no date, and 25 o'clock no time.
  const isReal = at.getFullYear() === year && at.getMonth() === month - 1 && at.getDate() === day && at.getHours() === hour && at.getMinutes() === minute;
  if (!isReal) return null;
  return { at, to: found[6] !== undefined ? 'second' : found[4] !== undefined ? 'minute' : 'day' };
}

/** Reads a local date, or a minute of it, as the span that it is; null when it is none. */
export function readDay(text: string): Day | null {
  const entered = readMoment(text);
  if (entered === null || entered.to === 'second') return null;
  const behind = new Date(entered.at);
  if (entered.to === 'minute') behind.setMinutes(behind.getMinutes() + 1);
  else behind.setDate(behind.getDate() + 1);
  return { first: entered.at.getTime(), behind: behind.getTime() };
}
