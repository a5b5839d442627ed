import { language, t } from '../text/index.svelte';

/** How often relative times are redrawn. */
const TICK_MS = 5000;

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => {
      this.now = Date.now();
    }, TICK_MS);
  }
}

/** The time for everything that is shown relative to it. */
export const clock = new Clock();

export const DAY_MS = 86_400_000;

/** The year where it is not that of `now`. */
const yearElsewhere = (ms: number, now: number): Intl.DateTimeFormatOptions =>
  new Date(ms).getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' };

/** When something began: the time of day to the minute, with the day where that is longer ago than one. */
export function sinceTime(ms: number, now: number): string {
  return new Intl.DateTimeFormat(language.locale, {
    ...(now - ms < DAY_MS ? {} : { month: 'short', day: 'numeric' }),
    ...yearElsewhere(ms, now),
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(ms);
}

/** Date and time, to the second. */
export function absolute(ms: number): string {
  return new Intl.DateTimeFormat(language.locale, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }).format(ms);
}

/** Date and time to the millisecond, with its year. */
export function precise(ms: number): string {
  return new Intl.DateTimeFormat(language.locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  }).format(ms);
}

/** Day and time to the millisecond, for rows of a table; with the year where it is not this one. */
export function moment(ms: number): string {
  return new Intl.DateTimeFormat(language.locale, {
    ...yearElsewhere(ms, Date.now()),
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  }).format(ms);
}

/** How long ago or how soon: “3 minutes ago”. */
export function relative(ms: number, now: number): string {
  const seconds = (ms - now) / 1000;
  if (Math.abs(seconds) < 10) return t().everywhere.time.now;
  const format = new Intl.RelativeTimeFormat(language.locale, { numeric: 'always' });
  const steps: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ];
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return t().everywhere.time.now;
}

/** The time of day, to the second. */
export function timeOfDay(ms: number): string {
  return new Intl.DateTimeFormat(language.locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms);
}
