import type { Purchase } from './purchases.ts';

/** The rules of the shop: who is in which segment, from the purchases alone. */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * The books are closed on 30 April for the first file, and on 31 May, the "today" of the demo, for
 * the second.
 */
export const APRIL_CLOSED_AT = Date.UTC(2021, 4, 1);
export const TODAY_AT = Date.UTC(2021, 5, 1);

const ATTENTION_MS = 90 * DAY_MS;
const BIG_SPENDER_CENTS = 200_00;
export const BIG_SPENDER_TTL_MS = 365 * DAY_MS;

export const SEGMENTS = [
  {
    technicalName: 'first-time-buyers',
    name: 'First-time buyers',
    rule: 'one order, for 90 days',
    ttlMs: null,
  },
  { technicalName: 'repeat-buyers', name: 'Repeat buyers', rule: 'two orders or more', ttlMs: null },
  {
    technicalName: 'big-spenders',
    name: 'Big spenders',
    rule: '$200 in all; default TTL of 365 days',
    ttlMs: BIG_SPENDER_TTL_MS,
  },
  { technicalName: 'lapsed', name: 'Lapsed', rule: 'no order in 90 days', ttlMs: null },
] as const;
export type SegmentName = (typeof SEGMENTS)[number]['technicalName'];

export type Customer = {
  readonly id: string;
  readonly orders: number;
  readonly cents: number;
  readonly lastAt: number;
};

/** What the books say of each customer at a moment, in the order of their first purchase. */
export function customersAt(purchases: readonly Purchase[], at: number): Map<string, Customer> {
  const customers = new Map<string, Customer>();
  for (const purchase of purchases) {
    if (purchase.dayAt < at)
      customers.set(purchase.customer, afterPurchase(customers.get(purchase.customer), purchase));
  }
  return customers;
}

export function afterPurchase(customer: Customer | undefined, purchase: Purchase): Customer {
  return {
    id: purchase.customer,
    orders: (customer?.orders ?? 0) + 1,
    cents: (customer?.cents ?? 0) + purchase.cents,
    lastAt: purchase.dayAt,
  };
}

/** Minutes until 90 days after the last order are over; none are left when it is not positive. */
export function attentionMinutes(customer: Customer, at: number): number {
  return (customer.lastAt + ATTENTION_MS - at) / MINUTE_MS;
}

export function isMember(segment: SegmentName, customer: Customer, at: number): boolean {
  switch (segment) {
    case 'first-time-buyers':
      return customer.orders === 1 && attentionMinutes(customer, at) > 0;
    case 'repeat-buyers':
      return customer.orders >= 2;
    case 'big-spenders':
      return customer.cents >= BIG_SPENDER_CENTS;
    case 'lapsed':
      return attentionMinutes(customer, at) <= 0;
  }
}

/** How many members each segment has by the books; what the service must say too. */
export function expectedSizes(purchases: readonly Purchase[], at: number): Map<SegmentName, number> {
  const customers = [...customersAt(purchases, at).values()];
  return new Map(
    SEGMENTS.map(({ technicalName }) => [
      technicalName,
      customers.filter((customer) => isMember(technicalName, customer, at)).length,
    ]),
  );
}
