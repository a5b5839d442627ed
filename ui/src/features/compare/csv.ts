import type { ParityView } from '../../backend/bindings';
import { cell } from '../activity/csv';
import { entityText, ruleText } from './words';

/** A comparison for spreadsheets, as RFC 4180 has it: one line for each topic, setting, rule, limit and group. */
export function toCsv(view: ParityView): string {
  const lines: string[][] = [['kind', 'name', 'setting', 'state', 'source', 'target', 'source_origin', 'target_origin']];
  const shape = (side: { partitions: number; replicas: number } | null) => (side ? `${side.partitions} x ${side.replicas}` : '');
  for (const row of view.topics ?? []) {
    lines.push(['topic', row.target_topic, '', row.state, shape(row.source), shape(row.target), '', '']);
    for (const { key, state, source, target } of row.settings) {
      lines.push(['setting', row.target_topic, key, state, source?.value ?? '', target?.value ?? '', source?.origin ?? '', target?.origin ?? '']);
    }
  }
  for (const row of view.acls?.rows ?? []) {
    const text = (rule: typeof row.source) => (rule ? ruleText(rule) : '');
    const there = row.state === 'same' || row.state === 'only_target' ? text(row.target) : '';
    lines.push(['acl', text(row.source ?? row.target), '', row.state, text(row.source), there, '', '']);
  }
  for (const row of view.quotas ?? []) {
    lines.push(['quota', entityText(row.entity), row.limit, row.state, String(row.source ?? ''), String(row.target ?? ''), '', '']);
  }
  for (const row of view.groups ?? []) {
    lines.push(['group', row.group, '', row.state, row.source ? 'yes' : '', row.target ? 'yes' : '', '', '']);
  }
  for (const unknown of view.unknown) lines.push(['unknown', unknown.part, '', unknown.reason, unknown.side, '', '', unknown.sentence]);
  return lines.map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}
