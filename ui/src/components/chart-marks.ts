/** Something that happened at a moment of a chart. */
export interface Mark {
  id: string | number;
  /** Seconds since 1970. */
  at: number;
  tone: 'ok' | 'warn' | 'bad' | 'idle' | 'accent';
  text: string;
  /** The page that says more of it. */
  href: string;
}

/** Marks so close together that they are shown as one. */
export interface MarkGroup {
  /** Pixels from the beginning of the range. */
  x: number;
  marks: Mark[];
  tone: Mark['tone'];
}

const GRAVEST: readonly Mark['tone'][] = ['bad', 'warn', 'ok', 'accent', 'idle'];

/** The marks within a range, in order of time, those that would lie over each other together. */
export function groupMarks(marks: readonly Mark[], from: number, to: number, width: number, gap: number): MarkGroup[] {
  if (to <= from || width <= 0) return [];
  const groups: MarkGroup[] = [];
  for (const mark of marks.filter(({ at }) => at >= from && at <= to).toSorted((a, b) => a.at - b.at)) {
    const x = ((mark.at - from) / (to - from)) * width;
    const last = groups.at(-1);
    if (last && x - last.x < gap) {
      last.marks.push(mark);
      if (GRAVEST.indexOf(mark.tone) < GRAVEST.indexOf(last.tone)) last.tone = mark.tone;
    } else {
      groups.push({ x, marks: [mark], tone: mark.tone });
    }
  }
  return groups;
}
