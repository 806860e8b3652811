import type { Language } from '../texts/texts.ts';
import { isLanguage, languageAmong } from './among.ts';

const KEY = 'muster.language';

/**
 * The language to begin with: the one that was chosen here, else the first of the browser's that
 * there is, else English.
 */
export function firstLanguage(): Language {
  const kept = localStorage.getItem(KEY);
  return isLanguage(kept) ? kept : languageAmong(navigator.languages);
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
}
