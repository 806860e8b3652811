import type { SeenFile, SourceFile } from '../model/source.ts';
import { type ChoosingBy, createChooser } from './choose-files.ts';
import type { OpenSource } from './source-driver.ts';

/** Files that a test of a source tells of at most. */
export const MAX_REPORTED = 20;

export type ReportedFile = SeenFile & { readonly isToTake: boolean; readonly reason: string };

/** What a source shows, and what a run would do with it. Nothing is read, moved or noted. */
export async function reportFiles(
  open: Pick<OpenSource, 'list' | 'stateOf'>,
  {
    lastFile,
    settleMs,
    ...by
  }: ChoosingBy & {
    readonly settleMs: number;
    readonly lastFile: (name: string) => Promise<SourceFile | null>;
  },
): Promise<readonly ReportedFile[]> {
  const chooser = createChooser(by);
  const reported: ReportedFile[] = [];
  const { after } = by.settings;
  for await (const file of open.list()) {
    const { unfit: _, ...seen } = file;
    const add = (isToTake: boolean, reason: string) => reported.push({ ...seen, isToTake, reason });
    const passedOver = chooser.passesOver(file);
    const choice = passedOver === null ? chooser.choose(file, await lastFile(file.name)) : null;
    if (choice === null) add(false, passedOver ?? '');
    else if (choice.type === 'PASS') add(false, choice.reason);
    else if (choice.type === 'PUT_AWAY') add(false, `it was taken, and the next run is to ${after} it`);
    else {
      const state = await open.stateOf(file);
      if (state === 'WHOLE') add(true, 'it is new');
      else if (state === 'UNSURE') add(true, `it is new, if it does not change for ${settleMs} ms`);
      else add(false, state.waitsFor);
    }
    if (reported.length >= MAX_REPORTED) break;
  }
  return reported;
}
