/** A sample of a text in Prometheus' format. */
export type MetricSample = { readonly name: string; readonly labels: string; readonly value: number };

/** Reads what `GET /metrics` answers. */
export function readSamples(text: string): readonly MetricSample[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = /^([a-z0-9_]+)(\{[^}]*\})? (\S+)$/.exec(line) ?? [];
    return name === '' ? [] : [{ name, labels, value: Number(value) }];
  });
}

/** What samples say of the runs that answer look-ups. */
export type ServingSamples = {
  /** `false`: look-ups ask the tables. */
  readonly isUp: boolean;
  /** The share that has been made of the tables. */
  readonly madeRatio: number;
  readonly runs: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  /** Null without a base. */
  readonly baseAgeSeconds: number | null;
};

/** Null where a store has no such runs, or none of it is known. */
export function servingOf(samples: readonly MetricSample[]): ServingSamples | null {
  const value = (name: string) => samples.find((sample) => sample.name === `muster_serving_${name}`)?.value;
  const up = value('up');
  if (up === undefined) return null;
  return {
    isUp: up === 1,
    madeRatio: value('made_ratio') ?? 0,
    runs: value('runs') ?? 0,
    fileBytes: value('file_bytes') ?? 0,
    memoryBytes: value('memory_bytes') ?? 0,
    baseAgeSeconds: value('base_age_seconds') ?? null,
  };
}
