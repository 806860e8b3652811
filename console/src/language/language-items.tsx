import { Menu } from '@mantine/core';
import { LANGUAGES, type Language, t } from '../texts/texts.ts';
import { useLanguage } from './language.tsx';

/** The languages as items of a menu, each by its own name. */
export function LanguageItems() {
  const { language, choose } = useLanguage();
  return (
    <>
      <Menu.Label>{t.shell.language}</Menu.Label>
      <Menu.RadioGroup value={language} onChange={(value) => void choose(value as Language)}>
        {(Object.keys(LANGUAGES) as Language[]).map((value) => (
          <Menu.RadioItem key={value} value={value} lang={value} closeMenuOnClick>
            {LANGUAGES[value]}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </>
  );
}
