import { isOffsets, localTime, positive } from './choices';

/** The ways a copy may end; none follows the source. */
export type EndMode = 'none' | 'launch' | 'offset' | 'time' | 'records';

/** An end position as it is being entered. */
export interface EndChoice {
  mode: EndMode;
  offset: string;
  /** Local time without a zone. */
  time: string;
  records: string;
}

/** No end: the source is followed. */
export function noEnd(): EndChoice {
  return { mode: 'none', offset: '', time: '', records: '' };
}

/** Reads an end position as settings have it. */
export function readEnd(text: string | null): EndChoice {
  const end = noEnd();
  if (text === null) return end;
  if (text.startsWith('offset:')) return { ...end, mode: 'offset', offset: text.slice('offset:'.length) };
  if (text.startsWith('records:')) return { ...end, mode: 'records', records: text.slice('records:'.length) };
  if (text.startsWith('time:')) {
    const at = new Date(text.slice('time:'.length));
    return { ...end, mode: 'time', time: Number.isNaN(at.getTime()) ? '' : localTime(at) };
  }
  return { ...end, mode: 'launch' };
}

/** Writes an end position for settings, null for none; undefined while it is incomplete or wrong. */
export function writeEnd(end: EndChoice): string | null | undefined {
  switch (end.mode) {
    case 'none':
      return null;
    case 'launch':
      return 'launch';
    case 'offset':
      return isOffsets(end.offset) ? `offset:${end.offset.replaceAll(/\s/g, '')}` : undefined;
    case 'time': {
      const at = new Date(end.time);
      return end.time === '' || Number.isNaN(at.getTime()) ? undefined : `time:${at.toISOString()}`;
    }
    case 'records': {
      const count = positive(end.records);
      return typeof count === 'number' ? `records:${count}` : undefined;
    }
  }
}
