/** Where the choice is kept from one start to the next. */
const KEY = 'page.place';

/**
 * The place that the page shows, as long as it is loaded; null for this computer. Another one is shown by loading the page again,
 * so that nothing of one place is ever seen under the name of another.
 */
export const shownPlace: string | null = localStorage.getItem(KEY);

/** Shows a place at a page of it. */
export function showPlace(id: string | null, hash = '#/tasks'): void {
  if (id === null) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, id);
  history.replaceState(null, '', hash);
  location.reload();
}
