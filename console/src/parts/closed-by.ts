/**
 * How a dialog can be closed that makes something and then shows a value once: by its own button alone while the value is
 * asked for or shown, since a slip of the finger on Escape would lose it for good.
 */
export function closedBy({
  isAsked,
  isShownOnce,
}: {
  readonly isAsked: boolean;
  readonly isShownOnce: boolean;
}): {
  readonly closeOnClickOutside: boolean;
  readonly closeOnEscape: boolean;
  readonly withCloseButton: boolean;
} {
  const isOpenToAll = !isAsked && !isShownOnce;
  return { closeOnClickOutside: isOpenToAll, closeOnEscape: isOpenToAll, withCloseButton: isOpenToAll };
}
