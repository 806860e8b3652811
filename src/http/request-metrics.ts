import { Counter, Gauge, Histogram } from 'prom-client';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import { registry } from '../metrics.ts';

const requestSeconds = new Histogram({
  name: 'muster_http_request_duration_seconds',
  help: 'Time to answer a request, uploads included',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  registers: [registry],
});

const errors = new Counter({
  name: 'muster_http_errors_total',
  help: 'Requests that were refused or met a fault, by error code',
  labelNames: ['code'],
  registers: [registry],
});
for (const code of [...ERROR_CODES, 'INTERNAL_ERROR']) errors.inc({ code }, 0);

const lookUpSeconds = new Histogram({
  name: 'muster_lookup_duration_seconds',
  help: 'Time the store takes to look up a user',
  labelNames: ['of'],
  buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
  registers: [registry],
});
const LOOK_UPS = ['memberships', 'identifiers', 'changes'] as const;
for (const of of LOOK_UPS) lookUpSeconds.zero({ of });

const lookUpRefusals = new Counter({
  name: 'muster_lookups_refused_total',
  help: 'Look-ups that were answered 503, or whose client went away while they waited, by reason',
  labelNames: ['reason'],
  registers: [registry],
});
const REFUSALS = ['TOO_MANY', 'TOO_LATE', 'GONE'] as const;
export type LookUpRefusal = (typeof REFUSALS)[number];
for (const reason of REFUSALS) lookUpRefusals.inc({ reason }, 0);

const uploads = new Gauge({
  name: 'muster_uploads_in_progress',
  help: 'Uploads that are being received',
  registers: [registry],
});

const slow = new Counter({
  name: 'muster_slow_transfers_total',
  help: 'Uploads and downloads that were cut off, since their client was too slow',
  labelNames: ['what'],
  registers: [registry],
});
for (const what of ['upload', 'download']) slow.inc({ what }, 0);

const uploadedBytes = new Counter({
  name: 'muster_uploaded_bytes_total',
  help: 'Decompressed bytes of files that were taken in',
  registers: [registry],
});

/** An answered request, under the pattern of its route: a path would be a label for every id. */
export type AnsweredRequest = {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  readonly errorCode: ErrorCode | 'INTERNAL_ERROR' | null;
};

export function observeRequest({ method, route, status, ms, errorCode }: AnsweredRequest): void {
  requestSeconds.observe({ method, route, status }, ms / 1000);
  if (errorCode !== null) errors.inc({ code: errorCode });
}

const familyRoutes = {
  user_segments: '/v1/datamarts/:datamartId/user_segments/*',
  user_points: '/v1/datamarts/:datamartId/user_points/*',
} as const;

/** Notes a look-up of memberships that was answered without its route. */
export function observeLookUp(family: keyof typeof familyRoutes, status: 200 | 404, ms: number): void {
  const errorCode = status === 404 ? 'NOT_FOUND' : null;
  observeRequest({ method: 'GET', route: familyRoutes[family], status, ms, errorCode });
  lookUpSeconds.observe({ of: 'memberships' }, ms / 1000);
}

/** Times what a look-up of one user waits for the store. */
export async function timeLookUp<T>(of: (typeof LOOK_UPS)[number], lookUp: () => Promise<T>): Promise<T> {
  const end = lookUpSeconds.startTimer({ of });
  try {
    return await lookUp();
  } finally {
    end();
  }
}

/** Notes a look-up that was not answered. */
export function countLookUpRefusal(reason: LookUpRefusal): void {
  lookUpRefusals.inc({ reason });
}

/** Counts an upload for as long as it is received. */
export async function countUpload<T>(receive: () => Promise<T>): Promise<T> {
  uploads.inc();
  try {
    return await receive();
  } finally {
    uploads.dec();
  }
}

/** Notes an upload or a download that was cut off for being too slow. */
export function countSlow(what: 'upload' | 'download'): void {
  slow.inc({ what });
}

/** Notes a file that is to be imported. */
export function observeUploaded(bytes: number): void {
  uploadedBytes.inc(bytes);
}
