import type { Texts } from './en.ts';

/** The languages, by the name that each has for itself. */
export const LANGUAGES = { en: 'English', fr: 'Français' } as const;
export type Language = keyof typeof LANGUAGES;

/** How numbers and dates are written. */
const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', fr: 'fr-FR' };

/** Each language is a file of its own, which is loaded by whoever reads it. */
const LOADERS: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => (await import('./en.ts')).en,
  fr: async () => (await import('./fr.ts')).fr,
};

/**
 * The texts that are shown. To be read when something is drawn: at the load of a module there are
 * none.
 */
export let t: Texts;
let shown: Language = 'en';
let latest: Language = 'en';

/** The language of `t`. */
export const shownLanguage = (): Language => shown;
/** The language of numbers and dates. */
export const shownLocale = (): string => LOCALES[shown];

/**
 * Loads the texts of a language and makes them those that are shown, unless another language was
 * asked for meanwhile. What has been drawn is not drawn anew by this.
 */
export async function showTexts(language: Language): Promise<void> {
  latest = language;
  const texts = await LOADERS[language]();
  if (latest !== language) return;
  t = texts;
  shown = language;
}
