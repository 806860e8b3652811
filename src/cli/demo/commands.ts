import type { Purchase } from './purchases.ts';
import {
  APRIL_CLOSED_AT,
  afterPurchase,
  attentionMinutes,
  type Customer,
  customersAt,
  isMember,
  type SegmentName,
  TODAY_AT,
} from './shop.ts';

/** A command as the demo writes it; the order of the members is the order of the columns in CSV. */
export type DemoCommand = {
  readonly operation: 'UPDATE' | 'DELETE';
  readonly user_account_id: string;
  readonly segment_technical_name: SegmentName;
  /** Minutes; absent where the segment's default TTL applies, and on DELETE. */
  readonly expiration_duration?: number;
  readonly data_bag?: string;
};

const NEVER = 0;

/**
 * The first load: who is in which segment when the books of April are closed. It is loaded "today",
 * so that time left is counted from today, and first-time buyers whose 90 days are over by then are
 * not in it.
 */
export function aprilCommands(purchases: readonly Purchase[]): DemoCommand[] {
  return [...customersAt(purchases, APRIL_CLOSED_AT).values()].flatMap((customer) => [
    ...(isMember('first-time-buyers', customer, TODAY_AT) ? [enterFirstTime(customer)] : []),
    ...ranks(customer),
    ...(isMember('lapsed', customer, APRIL_CLOSED_AT) ? [enterLapsed(customer)] : []),
  ]);
}

/** What the purchases of May change, one after the other, and who has lapsed by the end of May. */
export function mayCommands(purchases: readonly Purchase[]): DemoCommand[] {
  const commands: DemoCommand[] = [];
  const customers = customersAt(purchases, APRIL_CLOSED_AT);
  for (const purchase of purchases) {
    if (purchase.dayAt < APRIL_CLOSED_AT || purchase.dayAt >= TODAY_AT) continue;
    const before = customers.get(purchase.customer);
    const customer = afterPurchase(before, purchase);
    customers.set(customer.id, customer);
    if (before === undefined) commands.push(enterFirstTime(customer));
    if (before?.orders === 1) commands.push(leave(customer, 'first-time-buyers'));
    if (before !== undefined && isMember('lapsed', before, APRIL_CLOSED_AT))
      commands.push(leave(customer, 'lapsed'));
    commands.push(...ranks(customer));
  }
  for (const customer of customers.values()) {
    if (isMember('lapsed', customer, TODAY_AT) && !isMember('lapsed', customer, APRIL_CLOSED_AT))
      commands.push(enterLapsed(customer));
  }
  return commands;
}

function enterFirstTime(customer: Customer): DemoCommand {
  return {
    operation: 'UPDATE',
    user_account_id: customer.id,
    segment_technical_name: 'first-time-buyers',
    expiration_duration: attentionMinutes(customer, TODAY_AT),
  };
}

/** The segments that nobody leaves by an order, with what the shop wants to know there. */
function ranks(customer: Customer): DemoCommand[] {
  const commands: DemoCommand[] = [];
  const update = { operation: 'UPDATE', user_account_id: customer.id } as const;
  const total = customer.cents / 100;
  if (isMember('repeat-buyers', customer, TODAY_AT)) {
    commands.push({
      ...update,
      segment_technical_name: 'repeat-buyers',
      expiration_duration: NEVER,
      data_bag: JSON.stringify({ orders: customer.orders, total }),
    });
  }
  if (isMember('big-spenders', customer, TODAY_AT)) {
    commands.push({
      ...update,
      segment_technical_name: 'big-spenders',
      data_bag: JSON.stringify({ total }),
    });
  }
  return commands;
}

function enterLapsed(customer: Customer): DemoCommand {
  return {
    operation: 'UPDATE',
    user_account_id: customer.id,
    segment_technical_name: 'lapsed',
    expiration_duration: NEVER,
    data_bag: JSON.stringify({ last_order: new Date(customer.lastAt).toISOString().slice(0, 10) }),
  };
}

function leave(customer: Customer, segment: SegmentName): DemoCommand {
  return { operation: 'DELETE', user_account_id: customer.id, segment_technical_name: segment };
}
