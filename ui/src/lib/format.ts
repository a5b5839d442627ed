import { t } from '../text/index.svelte';
import { say } from '../text/say';
import { grouped } from './grouped';

/** What stands for a number that is not known. */
export const UNKNOWN = '–';

/** The name of a setting, as `min.insync.replicas` or `give_up_after`, at the beginning of a sentence. */
const SETTING = /^[a-z0-9]+(?:[._][a-z0-9]+)+/;

/** A sentence of the backend by itself: its messages begin small, so that they can stand behind others. Names of settings stay. */
export function sentence(backendText: string): string {
  const text = say(backendText);
  return SETTING.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** A whole number with its thousands separated. */
export function whole(n: number | null | undefined): string {
  return n === null || n === undefined ? UNKNOWN : grouped(n);
}

/** Three significant digits with a letter for the thousands: `12.4 k`. Numbers under 1000 are whole if they are. */
export function short(n: number | null | undefined): string {
  if (n === null || n === undefined) return UNKNOWN;
  if (Math.abs(n) < 1000) return Number.isInteger(n) ? String(n) : n.toPrecision(3);
  const units = ['k', 'M', 'G', 'T', 'P'];
  let value = n;
  let unit = '';
  for (const next of units) {
    if (Math.abs(value) < 999.5) break;
    value /= 1000;
    unit = next;
  }
  return `${Number(value.toPrecision(3)) >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** Bytes with their unit: `41.2 MB`. */
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return UNKNOWN;
  if (n < 1000) return `${Math.round(n)} B`;
  return `${short(n).replace(/ k$/, ' kB').replace(/ ([MGTP])$/, ' $1B')}`;
}

/** Records per second: `12.4 k/s`. */
export function rate(n: number | null | undefined): string {
  if (n === null || n === undefined) return UNKNOWN;
  const text = n > 0 && n < 100 ? n.toPrecision(n < 1 ? 2 : 3) : short(n < 1000 ? Math.round(n) : n);
  return `${text}${text.includes(' ') ? '' : '\u202f'}/s`;
}

/** A duration in seconds: `0 s`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 days 4 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return UNKNOWN;
  const { time } = t().everywhere;
  if (seconds < 60) {
    const rounded = Math.round(seconds * 10) / 10;
    return time.second(rounded >= 10 || Number.isInteger(rounded) ? String(Math.round(rounded)) : rounded.toFixed(1));
  }
  const all = Math.round(seconds);
  const [days, hours, minutes, rest] = [
    Math.floor(all / 86_400),
    Math.floor((all % 86_400) / 3600),
    Math.floor((all % 3600) / 60),
    all % 60,
  ];
  const parts: string[] = [];
  if (days > 0) parts.push(time.day(String(days)));
  if (hours > 0) parts.push(time.hour(String(hours)));
  if (days === 0 && minutes > 0) parts.push(time.minute(String(minutes)));
  if (days === 0 && hours === 0 && rest > 0) parts.push(time.second(String(rest)));
  return parts.slice(0, 2).join(' ');
}

/** A delay in milliseconds. */
export function delay(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? UNKNOWN : duration(Math.max(0, ms) / 1000);
}

/** How long something took: milliseconds under a second. */
export function brief(ms: number): string {
  return ms < 1000 ? t().everywhere.time.millisecond(String(Math.round(ms))) : duration(ms / 1000);
}

/** A share of 0 to 100. */
export function percent(n: number | null | undefined): string {
  if (n === null || n === undefined) return UNKNOWN;
  // 100 % is said of nothing that is not complete.
  const shown = n >= 100 ? 100 : Math.min(99, Math.floor(n));
  return `${shown} %`;
}
