import type { Author } from '../model/audit.ts';
import type { ExecutionStatus } from '../model/execution.ts';
import type { Export, ExportEnding, NewExport } from '../model/export.ts';
import type { OverlapAnalysisEnding } from '../model/overlap-analysis.ts';
import type { Listed, Page } from '../model/records.ts';
import type { NewSegmentJob, SegmentJob } from '../model/segment-job.ts';

/** The parts of `Store` that are about work in the background beside executions. */

/** What there is of a kind of work: in all, of one datamart, and of one token. */
export type JobLoad = {
  /** That waits or runs. */
  readonly open: { readonly all: number; readonly ofDatamart: number; readonly ofToken: number };
  /** Of results that are kept. */
  readonly bytes: { readonly ofDatamart: number; readonly ofToken: number };
};

export interface ExportRecords {
  loadOf(of: { readonly datamartId: string; readonly userId: string | null }): Promise<JobLoad>;
  /** PENDING. Null when there is no such segment. */
  create(wanted: NewExport, author?: Author): Promise<Export | null>;
  get(id: string): Promise<Export | null>;
  /** Newest first. */
  list(of: { segmentId: string; statuses?: readonly ExecutionStatus[]; page: Page }): Promise<Listed<Export>>;
  /**
   * Takes a PENDING one, RUNNING from here on; null when there is none. Datamarts take turns,
   * within a datamart its tokens do, and of a token it is the oldest.
   */
  claim(now: number): Promise<Export | null>;
  /** Makes those that are RUNNING PENDING again: whoever ran them is gone. */
  release(): Promise<void>;
  /** Ends a RUNNING one; `false` when it is gone. */
  finish(id: string, ending: ExportEnding): Promise<boolean>;
  /**
   * Lets go of the files of exports: of those that ended before an instant, or of all of a
   * datamart, where what is RUNNING is PENDING again, since its file is out of date too. Resolves
   * to their folders, which nothing refers to any more.
   */
  forgetFiles(
    of: { readonly endedBefore: number } | { readonly datamartId: string },
  ): Promise<readonly string[]>;
}

export interface OverlapAnalysisRecords {
  loadOf(of: { readonly datamartId: string; readonly userId: string | null }): Promise<JobLoad>;
  /** PENDING. Null when there is no such segment. */
  create(wanted: NewSegmentJob, author?: Author): Promise<SegmentJob | null>;
  /** With the text of its file; null until it SUCCEEDED. */
  get(id: string): Promise<(SegmentJob & { readonly result: string | null }) | null>;
  /** Newest first. */
  list(of: {
    segmentId: string;
    statuses?: readonly ExecutionStatus[];
    page: Page;
  }): Promise<Listed<SegmentJob>>;
  /** Takes a PENDING one, RUNNING from here on; null when there is none. In turns, as exports. */
  claim(now: number): Promise<SegmentJob | null>;
  /** Makes those that are RUNNING PENDING again: whoever ran them is gone. */
  release(): Promise<void>;
  /** Ends a RUNNING one; `false` when it is gone with its segment. */
  finish(id: string, ending: OverlapAnalysisEnding): Promise<boolean>;
  /** Removes those that ended before an instant; resolves to how many. */
  removeBefore(instant: number): Promise<number>;
}
