import { backend } from '../../backend';
import type { AlertView } from '../../backend/bindings';
import { PagedSearch, type PageQuery } from '../../lib/paged-search.svelte';

/** Messages as they are filtered. */
export class AlertHistory extends PagedSearch<AlertView> {
  state = $state('');
  task = $state('');

  override get isFiltered(): boolean {
    return super.isFiltered || this.state !== '' || this.task !== '';
  }

  protected ask(query: PageQuery): Promise<AlertView[]> {
    return backend.call('alert_history', { ...query, task: this.task || null, state: this.state || null });
  }

  protected said(row: AlertView): (string | null)[] {
    return [row.title, row.body];
  }
}
