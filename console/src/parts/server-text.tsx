import { shownLanguage } from '../texts/texts.ts';

/**
 * What the service says, which is English; in another language after what it means there, where
 * that is known.
 */
export function ServerText({
  message,
  meaning,
}: {
  readonly message: string;
  readonly meaning?: string | undefined;
}) {
  const isExplained = meaning !== undefined && shownLanguage() !== 'en';
  return (
    <>
      {isExplained && `${meaning} `}
      <span lang="en">{message}</span>
    </>
  );
}
