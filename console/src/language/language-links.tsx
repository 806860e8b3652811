import { Anchor, Group } from '@mantine/core';
import { LANGUAGES, type Language } from '../texts/texts.ts';
import { useLanguage } from './language.tsx';

/** The other languages, each by its own name, where there is no menu yet. */
export function LanguageLinks() {
  const { language, choose } = useLanguage();
  const others = (Object.keys(LANGUAGES) as Language[]).filter((value) => value !== language);
  return (
    <Group gap="sm">
      {others.map((value) => (
        <Anchor
          key={value}
          component="button"
          type="button"
          size="sm"
          lang={value}
          onClick={() => void choose(value)}
        >
          {LANGUAGES[value]}
        </Anchor>
      ))}
    </Group>
  );
}
