import { UsageError } from '../failures.ts';
import { readId } from '../read-args.ts';

type Flags = {
  readonly 'dry-run'?: boolean | undefined;
  readonly mode?: string | undefined;
  readonly 'create-missing-segments'?: boolean | undefined;
  readonly 'max-failure-ratio'?: string | undefined;
  readonly 'max-shrink-ratio'?: string | undefined;
  readonly corrects?: string | undefined;
};

/** What the flags ask for beside the file, as the query of an upload. */
export function readOptions(flags: Flags): URLSearchParams {
  const options = new URLSearchParams();
  if (flags['dry-run']) options.set('dry_run', 'true');
  if (flags.mode !== undefined) options.set('mode', readMode(flags.mode));
  if (flags['create-missing-segments']) options.set('create_missing_segments', 'true');
  if (flags.corrects !== undefined) options.set('corrects', readId(flags.corrects, '--corrects'));
  setRatio(options, 'max_failure_ratio', flags['max-failure-ratio']);
  setRatio(options, 'max_shrink_ratio', flags['max-shrink-ratio']);
  return options;
}

function readMode(given: string): string {
  if (given === 'update' || given === 'replace') return given;
  throw new UsageError(`--mode: expected update or replace, got ${JSON.stringify(given)}`);
}

function setRatio(options: URLSearchParams, name: string, given: string | undefined): void {
  if (given === undefined) return;
  const ratio = Number(given);
  if (given.trim() === '' || !(ratio >= 0 && ratio <= 1)) {
    const flag = `--${name.replaceAll('_', '-')}`;
    throw new UsageError(`${flag}: expected a number from 0 to 1, got ${JSON.stringify(given)}`);
  }
  options.set(name, given);
}
