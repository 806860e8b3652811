import { en } from './en.ts';

/** The texts of the console. Another language is another object of the same shape. */
export type Texts = typeof en;

export const t: Texts = en;
/** The language of numbers and dates. */
export const LOCALE = 'en-GB';
