import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 500;

/** The memory a process holds now, in bytes (Linux). */
function memoryBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** How many files and connections a process has open (Linux). */
export function openHandles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * Samples the memory of a process until it is stopped; then tells the most of each quarter of the
 * time.
 */
export function watchMemory(pid: number): { stop(): readonly number[] } {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(memoryBytes(pid)), SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      const quarter = Math.max(1, Math.ceil(samples.length / 4));
      return [0, 1, 2, 3].map((i) => Math.max(0, ...samples.slice(i * quarter, (i + 1) * quarter)));
    },
  };
}
