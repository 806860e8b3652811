import { readFile } from 'node:fs/promises';

/** One purchase of the CDNOW data set; see examples/cdnow/README.md. */
export type Purchase = {
  readonly customer: string;
  /** Beginning of its day, ms since the epoch. */
  readonly dayAt: number;
  readonly cents: number;
};

const FILE = new URL('../../../examples/cdnow/CDNOW_master.txt', import.meta.url);

/** All purchases, oldest first; those of one day in the order of the file. */
export async function readPurchases(): Promise<readonly Purchase[]> {
  const lines = (await readFile(FILE, 'latin1')).split(/\r?\n/);
  return lines
    .filter((line) => line.trim() !== '')
    .map(parsePurchase)
    .sort((a, b) => a.dayAt - b.dayAt);
}

/** ` 00002 20210112  5   77.00`: customer, date, number of CDs, dollars. */
function parsePurchase(line: string): Purchase {
  const match = /^\s*(\d+)\s+(\d{4})(\d{2})(\d{2})\s+\d+\s+(\d+)\.(\d{2})\s*$/.exec(line);
  if (match === null) throw new Error(`expected a purchase, got ${JSON.stringify(line)}`);
  const [, customer = '', year, month, day, dollars, cents] = match;
  return {
    customer,
    dayAt: Date.UTC(Number(year), Number(month) - 1, Number(day)),
    cents: Number(dollars) * 100 + Number(cents),
  };
}
