import { notifications } from '@mantine/notifications';
import { createContext, type ReactNode, useContext, useMemo, useState } from 'react';
import { lineOf } from '../parts/problem.tsx';
import { type Language, shownLanguage, showTexts } from '../texts/texts.ts';
import { firstLanguage, keepLanguage } from './choose.ts';

type LanguageChoice = { readonly language: Language; readonly choose: (language: Language) => Promise<void> };

const LanguageContext = createContext<LanguageChoice | null>(null);

/** The language that is shown. Whoever asks is drawn anew when another one is chosen. */
export function useLanguage(): LanguageChoice {
  const choice = useContext(LanguageContext);
  if (choice === null) throw new Error('there is no language outside of LanguageProvider');
  return choice;
}

/** Lets the language be chosen; what is under way, such as an upload, goes on. */
export function LanguageProvider({ children }: { readonly children: ReactNode }) {
  const [language, setLanguage] = useState(shownLanguage);
  const choice = useMemo<LanguageChoice>(
    () => ({
      language,
      choose: async (chosen) => {
        try {
          await show(chosen);
        } catch (error) {
          notifications.show({ color: 'red', message: lineOf(error) });
          return;
        }
        keepLanguage(shownLanguage());
        setLanguage(shownLanguage());
      },
    }),
    [language],
  );
  return <LanguageContext value={choice}>{children}</LanguageContext>;
}

/** Shows the language to begin with; English where its texts cannot be loaded. */
export async function showFirstLanguage(): Promise<void> {
  await show(firstLanguage()).catch(() => show('en'));
}

async function show(language: Language): Promise<void> {
  await showTexts(language);
  document.documentElement.lang = shownLanguage();
}
