import { useMemo } from 'react';
import { useSearchParams } from 'wouter';

/**
 * What a list can be filtered by, by name: some texts, of which '' is the first and filters
 * nothing, or any text.
 */
type Choices = { readonly [name: string]: readonly ['', ...string[]] | 'ANY_TEXT' };

export type FilterOf<C extends Choices> = {
  readonly [name in keyof C]: C[name] extends readonly (infer V extends string)[] ? V : string;
};

/**
 * A filter that stands in the search of the URL of its page, so that a view can be sent to somebody
 * and comes back with the page. What is none of the choices filters nothing. `REPLACE` makes no new
 * page to come back from.
 */
export function useUrlFilter<const C extends Choices>(
  choices: C,
): [FilterOf<C>, (changed: Partial<FilterOf<C>>, how?: 'PUSH' | 'REPLACE') => void] {
  const [search, setSearch] = useSearchParams();
  const filter = useMemo(() => readFilter(choices, search), [choices, search]);
  const change = (changed: Partial<FilterOf<C>>, how: 'PUSH' | 'REPLACE' = 'PUSH') => {
    const chosen = Object.entries<string>({ ...filter, ...changed }).filter(([, value]) => value !== '');
    setSearch(Object.fromEntries(chosen), { replace: how === 'REPLACE' });
  };
  return [filter, change];
}

function readFilter<C extends Choices>(choices: C, search: URLSearchParams): FilterOf<C> {
  const values = Object.entries(choices).map(([name, values]) => {
    const value = search.get(name) ?? '';
    return [name, values === 'ANY_TEXT' || values.includes(value) ? value : ''];
  });
  return Object.fromEntries(values) as FilterOf<C>;
}
