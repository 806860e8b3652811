const rules = new Intl.PluralRules('fr');

/**
 * A number that has been written, with its noun: `1 ligne`, `2 000 lignes`, `1 000 000 de lignes`.
 */
export function counted(count: string, one: string, several = `${one}s`): string {
  const form = rules.select(Number(count.replaceAll(/\D/g, '')));
  if (form === 'one') return `${count}\u00a0${one}`;
  if (form !== 'many') return `${count}\u00a0${several}`;
  return `${count}\u00a0${/^[aeéhiou]/.test(several) ? 'd’' : 'de '}${several}`;
}
