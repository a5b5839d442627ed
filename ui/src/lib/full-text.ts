/** Where a text was cut short for want of room, the pointer shows it whole. */

/** The titles that were given here: others are the pages' own. */
const given = new WeakSet<HTMLElement>();

/** Whether an element shows less than its text. */
function isCut(element: HTMLElement): boolean {
  return element.scrollWidth > element.clientWidth && getComputedStyle(element).textOverflow === 'ellipsis';
}

function show(event: Event): void {
  const under = event.target;
  if (!(under instanceof HTMLElement)) return;
  // What is cut may stand around the words that the pointer is on; a title on the way says more than the text itself.
  for (let element: HTMLElement | null = under; element !== null && element.tagName !== 'MAIN'; element = element.parentElement) {
    if (given.has(element)) {
      if (isCut(element)) element.title = element.innerText;
      else {
        element.removeAttribute('title');
        given.delete(element);
      }
      return;
    }
    if (element.title !== '') return;
    if (isCut(element)) {
      given.add(element);
      element.title = element.innerText;
      return;
    }
  }
}

/** Shows cut texts whole, from now on; returns what ends it. */
export function showFullTexts(): () => void {
  document.addEventListener('pointerover', show);
  return () => document.removeEventListener('pointerover', show);
}
