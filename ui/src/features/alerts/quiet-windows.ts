/** Days of the week, as the backend names them. */
export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Day = (typeof DAYS)[number];

/** Hours without notifications; they belong to the day on which they begin. */
export interface QuietWindow {
  from: string;
  to: string;
  days: Day[];
  enabled: boolean;
}

/** Whether `text` is a time of day, `HH:MM` by 24 hours. */
export function isTime(text: string): boolean {
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** The nights of every day. */
export function newWindow(): QuietWindow {
  return { from: '22:00', to: '07:00', days: [...DAYS], enabled: true };
}

/** Reads the setting; entries of another shape are left out. */
export function readWindows(value: unknown): QuietWindow[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (entry): entry is QuietWindow =>
      typeof entry === 'object' && entry !== null && 'from' in entry && 'to' in entry && 'days' in entry && 'enabled' in entry,
  );
}
