import type { HashRule } from '../../model/mapping.ts';

/** The SHA-256 of a text, as 64 hexadecimal digits in small letters. */
export type Sha256 = (text: string) => string;

const SHA256_HEX = /^[\da-f]{64}$/i;
/** Digits with what people write between them, and what keeps spreadsheets from reading them. */
const PHONE = /^'?\+?[\d\s()./-]+$/;
/** E.164 allows 15 digits; no country has numbers of fewer than 7 with their country code. */
const PHONE_DIGITS = /^[1-9]\d{6,14}$/;

/** Whether a value is a SHA-256 as it is kept. */
export function isSha256(value: string): boolean {
  return /^[\da-f]{64}$/.test(value);
}

/**
 * The hash of a clear value by a rule. A value that is a SHA-256 already is kept, in small letters.
 * Null: it is neither, so that nothing can be made of it.
 */
export function hashValue(rule: HashRule, value: string, sha256: Sha256): string | null {
  const text = value.trim();
  if (SHA256_HEX.test(text)) return text.toLowerCase();
  const clear = rule.endsWith('_phone') ? phoneNumber(rule, text) : address(rule, text);
  return clear === null ? null : sha256(clear);
}

/**
 * Trimmed and in small letters; Google takes no dots into account in the names of its own
 * addresses.
 */
function address(rule: HashRule, text: string): string | null {
  const whole = text.toLowerCase();
  const at = whole.lastIndexOf('@');
  const domain = whole.slice(at + 1);
  // no domain has a star, and the mask of error files has one: hashed, it would be a user
  if (at < 1 || domain === '' || domain.includes('*') || /[\s,;<>]/.test(whole)) return null;
  const isGoogle = rule === 'google_email' && (domain === 'gmail.com' || domain === 'googlemail.com');
  return isGoogle ? `${whole.slice(0, at).replaceAll('.', '')}@${domain}` : whole;
}

/** Google hashes E.164 with its plus sign, Meta the digits; both need the country code. */
function phoneNumber(rule: HashRule, text: string): string | null {
  if (!PHONE.test(text)) return null;
  const isInternational = /^'?(?:\+|00)/.test(text);
  // a single zero stands before a number without its country code
  const digits = text.replace(/\D/g, '').replace(/^00+/, '');
  if (!PHONE_DIGITS.test(digits)) return null;
  if (rule === 'meta_phone') return digits;
  return isInternational ? `+${digits}` : null;
}
