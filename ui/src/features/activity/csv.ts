import type { OperationView } from '../../backend/bindings';

/** The operation log for spreadsheets, as RFC 4180 has it. */
export function toCsv(rows: readonly OperationView[]): string {
  const head = ['time', 'actor', 'action', 'object_kind', 'object_id', 'object_name', 'outcome', 'detail'];
  const lines = rows.map((row) => [
    new Date(row.at_ms).toISOString(),
    row.actor,
    row.action,
    row.object_kind,
    row.object_id,
    row.object_name,
    row.outcome,
    row.detail ?? '',
  ]);
  return [head, ...lines].map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** A text as a cell: quoted where it must be, and never a formula. */
export function cell(text: string): string {
  // A spreadsheet would take what begins so for a formula.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
