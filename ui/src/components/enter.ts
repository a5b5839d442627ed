/** Enter in a field of one line is the main button of what it stands in, as in any form. */

const NO_TEXT = ['button', 'submit', 'checkbox', 'radio', 'file'];

/** Presses the first button of `selector` in `within` if the event is Enter in such a field. */
export function pressMain(event: KeyboardEvent, within: HTMLElement | undefined, selector: string): void {
  if (event.key !== 'Enter' || event.isComposing || event.defaultPrevented || !(event.target instanceof HTMLInputElement)) return;
  if (NO_TEXT.includes(event.target.type)) return;
  event.preventDefault();
  within?.querySelector<HTMLButtonElement>(selector)?.click();
}

/** Attached to a part of a page with fields and the button that keeps them. */
export function enterKeeps(part: HTMLElement): () => void {
  const press = (event: KeyboardEvent): void => pressMain(event, part, '.button[data-main]:not(:disabled)');
  part.addEventListener('keydown', press);
  return () => part.removeEventListener('keydown', press);
}
