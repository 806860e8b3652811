import { useEffect, useRef } from 'react';

/** What keys do where nothing is typed: one key, or `g` and one more within a second. */
export type Shortcuts = Readonly<Record<string, () => void>>;

const SECOND_KEY_MS = 1_000;
const TYPED_INTO = 'input, textarea, select, [contenteditable=true], [role=dialog] *';

/**
 * Does what the keys say as long as the caller is there. Keys with Ctrl, Alt or Meta are left to
 * others.
 */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    let first = { key: '', at: 0 };
    const onKey = (event: KeyboardEvent) => {
      const { key, ctrlKey, altKey, metaKey, target } = event;
      if (ctrlKey || altKey || metaKey || event.defaultPrevented) return;
      if (target instanceof Element && target.closest(TYPED_INTO) !== null) return;
      const isSecond = first.key === 'g' && event.timeStamp - first.at < SECOND_KEY_MS;
      const action = latest.current[isSecond ? `g ${key}` : key];
      first = { key: isSecond ? '' : key, at: event.timeStamp };
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}
