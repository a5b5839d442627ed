import { backend } from '../../backend';
import type { OperationView } from '../../backend/bindings';
import { PagedSearch, type PageQuery } from '../../lib/paged-search.svelte';
import type { Found } from '../../lib/search-said';

/** Entries that an export fetches at once. */
const EXPORT_PAGE = 1000;

/** The operation log as it is filtered. */
export class ActivityLog extends PagedSearch<OperationView> {
  action = $state('');
  kind = $state('');

  override get isFiltered(): boolean {
    return super.isFiltered || this.action !== '' || this.kind !== '';
  }

  /** Every entry that the filters let through, the newest first. */
  async all(): Promise<OperationView[]> {
    const rows: OperationView[] = [];
    let before: number | null = null;
    do {
      const found: Found<OperationView> = await this.search(before, EXPORT_PAGE);
      rows.push(...found.rows);
      before = found.before;
    } while (before !== null);
    return rows;
  }

  protected ask(query: PageQuery): Promise<OperationView[]> {
    return backend.call('operation_list', { ...query, action: this.action || null, object_kind: this.kind || null, object_id: null });
  }

  protected said(row: OperationView): (string | null)[] {
    return [row.object_name, row.detail];
  }
}
