import { LANGUAGES, type Language } from '../texts/texts.ts';

/**
 * The first of some tags, such as `fr-CA`, whose language there is; English where there is none.
 */
export function languageAmong(tags: readonly string[]): Language {
  return tags.map((tag) => tag.toLowerCase().split('-')[0] ?? '').find(isLanguage) ?? 'en';
}

export function isLanguage(value: string | null): value is Language {
  return value !== null && Object.hasOwn(LANGUAGES, value);
}
