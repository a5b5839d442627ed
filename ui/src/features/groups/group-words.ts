import type { GroupPosition, GroupReport, GroupState, Translated } from '../../backend/bindings';

/** What a person sees first of a group. */
export const GROUP_TONES: Record<GroupState, 'ok' | 'warn' | 'bad' | 'idle' | 'off' | 'busy'> = {
  synced: 'ok',
  behind: 'idle',
  ahead: 'warn',
  live: 'busy',
  taken_over: 'off',
  not_moved: 'off',
  unknown: 'bad',
};

/** Kinds of translation, from what is certain to what is not. */
export const RESULTS: Translated[] = ['exact', 'searched', 'earlier', 'pending', 'before_start', 'expired', 'unknown'];

/** How many positions translate how, without those that are none. */
export function counted(partitions: GroupPosition[]): [Translated, number][] {
  return RESULTS.map((result): [Translated, number] => [result, partitions.filter((position) => position.result === result).length]).filter(([, count]) => count > 0);
}

/** Whether nothing stands in the way of moving a group. */
export function isMovable(group: GroupReport): boolean {
  return ['synced', 'behind', 'ahead'].includes(group.state) && group.partitions.length > 0;
}

/** How many positions were proved, and how many there are; none if it was not looked at. */
export function proved(partitions: GroupPosition[]): [number, number] | null {
  const looked = partitions.filter((position) => position.proved !== null);
  return looked.length === 0 ? null : [looked.filter((position) => position.proved).length, partitions.length];
}
