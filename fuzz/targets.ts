import type { OpenTarget } from './target.ts';
import { gzip, zstd } from './targets/compression.ts';
import { openForms } from './targets/forms.ts';
import { header } from './targets/header.ts';
import { openHttp } from './targets/http.ts';
import { csv, ndjson } from './targets/readers.ts';
import { selector } from './targets/selector.ts';

/** What can be fuzzed, by the name that `--target` takes. */
export const TARGETS: Readonly<Record<string, OpenTarget>> = {
  ndjson,
  csv,
  header,
  selector,
  gzip,
  zstd,
  forms: openForms,
  http: openHttp,
};
