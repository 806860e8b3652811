/**
 * Does something with each of some items, at most `most` at a time; resolves to what it gives, in
 * their order.
 */
export async function mapAtMost<Item, Given>(
  items: readonly Item[],
  most: number,
  map: (item: Item, index: number) => Promise<Given>,
): Promise<Given[]> {
  const given: Given[] = new Array(items.length);
  let next = 0;
  async function goOn(): Promise<void> {
    for (let index = next++; index < items.length; index = next++)
      given[index] = await map(items[index] as Item, index);
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, goOn));
  return given;
}
